"""What Kubernetes runs and how it decides: workloads, rollouts, scheduling, leases, owners, and what we write on objects."""
