"""Drift: how far what a model takes in and predicts has moved, and what the counts can tell of it."""
