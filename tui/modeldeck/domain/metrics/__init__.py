"""What Prometheus answers, whose series are whose, and what a model server exports."""
