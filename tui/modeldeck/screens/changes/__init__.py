"""What happened around a moment, the likeliest cause first."""
