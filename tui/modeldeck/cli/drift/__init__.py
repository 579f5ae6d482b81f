"""`modeldeck drift`."""
