"""Carrying a plan out, step by step, and taking it back; going on with what a process left."""
