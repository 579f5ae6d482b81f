"""What happened around a moment: changes of a deployment and of what it stands on, the likeliest cause of a jump first."""
