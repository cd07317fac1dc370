"""Misconceptions and accepted variants of assignment 2."""
