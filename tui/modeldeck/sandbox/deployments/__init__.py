"""What the sandbox deploys, how it judges new pods, and what can be broken on purpose."""
