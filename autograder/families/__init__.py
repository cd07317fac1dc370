"""Hidden batteries: what is checked of any question of a family, on inputs that nobody knows."""
