"""Stand-ins for the notebooks of a1_classifiers."""
