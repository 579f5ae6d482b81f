"""The control loops: deployments, replica sets, scheduling, garbage collection, namespaces."""
