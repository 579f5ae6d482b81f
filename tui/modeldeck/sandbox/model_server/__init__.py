"""One process that serves one model: MLflow's own scoring server, with metrics and fault switches around it."""
