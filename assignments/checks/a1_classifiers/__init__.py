"""Public checks of assignment 1."""
