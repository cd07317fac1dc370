"""Families of questions: what can be said of any layer, any loss, any update rule, said once.

A declaration names the functions of an exercise and its *twin*, the same mathematics by PyTorch.
Checks at home, hidden checks and stand-ins follow from it.
"""
