"""What drift is looked for in, and against what."""
