"""Misconceptions and accepted variants of assignment 3."""
