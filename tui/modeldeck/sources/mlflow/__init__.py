"""MLflow: over REST, and through its own client where the tracking URI is no http address."""
