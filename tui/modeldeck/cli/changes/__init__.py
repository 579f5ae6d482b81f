"""What happened around a moment."""
