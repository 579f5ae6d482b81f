"""What charts of a deployment there are, what each asks Prometheus, and what it draws of the answers."""
