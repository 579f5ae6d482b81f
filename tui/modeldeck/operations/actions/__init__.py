"""Single changes that need no plan: restart, scale, register a version, say which reference serves."""
