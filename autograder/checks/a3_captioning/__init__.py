"""Hidden checks of assignment 3."""
