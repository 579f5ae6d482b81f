"""The Kubernetes API over the one transport: kubeconfig and credentials, objects with only the shown fields, and the informer."""

BACKEND = "Kubernetes"
