"""The box that student code runs in, and the wire through which checks talk to it."""
