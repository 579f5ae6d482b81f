"""A real Kubernetes control plane on loopback, where its components are installed."""
