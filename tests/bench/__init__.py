"""Measures the console from outside, through a pseudo-terminal: `python -m tests.bench`."""
