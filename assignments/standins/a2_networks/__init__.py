"""Stand-ins for the notebooks of a2_networks."""
