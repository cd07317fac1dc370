"""Finished functions of each notebook, on PyTorch, for later notebooks to build upon.

A student whose own function is unfinished gets the one here from ``previous()``, which says so, and
can go on. They lead to the same numbers by other means: PyTorch's distances, layers and automatic
gradients, where the notebooks ask for NumPy. The sandbox of the grader does not hold them.
"""
