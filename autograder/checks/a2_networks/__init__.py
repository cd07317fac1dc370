"""Hidden checks of assignment 2."""
