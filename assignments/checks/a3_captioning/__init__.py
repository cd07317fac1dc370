"""Public checks of assignment 3."""
