"""Service level objectives: what was promised, what is left of the error budget, and how fast it burns."""
