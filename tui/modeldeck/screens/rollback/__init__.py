"""Which version to roll back to."""
