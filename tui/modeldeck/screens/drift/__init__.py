"""One deployment's drift."""
