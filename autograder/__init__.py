"""Everything a student never gets: hidden checks, sandbox, batch grading, gradebook, feedback."""
