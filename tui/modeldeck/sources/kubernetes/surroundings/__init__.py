"""What stands around a deployment and may have changed under it, read when somebody asks what changed."""
