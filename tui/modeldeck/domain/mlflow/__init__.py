"""MLflow's registry and runs as values, and how both change between two readings."""
