"""What was done, on this machine: events, read again as operations, and the signals that people send to one under way."""
