"""Drift of one deployment: as it is, and over time. Asked only where somebody looks."""
