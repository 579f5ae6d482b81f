"""All deployments at once, the worst first, for a spare screen."""
