"""Drift as lines and as a chart."""
