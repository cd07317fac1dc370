"""The public checks: ``check()`` runs them in a notebook. One folder an assignment."""
