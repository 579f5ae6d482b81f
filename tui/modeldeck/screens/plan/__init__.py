"""The plan, before anything is changed."""
