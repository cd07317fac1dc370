"""Stand-ins for the notebooks of a3_captioning."""
