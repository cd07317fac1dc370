"""Everything a student never gets: hidden checks, sandbox, batch grading, gradebook, feedback."""

import sys

# For a format of JSON schemas that notebooks do not use, jsonschema compiles a grammar: seconds at
# the start of every command. Without this package it leaves that format out.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
