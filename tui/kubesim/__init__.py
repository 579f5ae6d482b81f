"""A small server that speaks the Kubernetes API, with the controllers that make deployments roll."""
