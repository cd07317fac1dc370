"""The hidden checks, which decide. One folder an assignment, one file a notebook."""
