"""One deployment's metrics over any span of time."""
