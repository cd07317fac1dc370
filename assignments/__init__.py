"""Shared helper modules, the check API and the public checks: what every notebook imports."""
