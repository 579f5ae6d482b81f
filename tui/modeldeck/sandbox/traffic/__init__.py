"""Steady requests to every served model, made of real rows of the data sets."""
