"""Public checks of assignment 2."""
