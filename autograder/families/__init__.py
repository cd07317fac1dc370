"""Hidden checks of any question of a family, on inputs that nobody knows."""
