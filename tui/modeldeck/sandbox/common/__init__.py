"""What all parts of the sandbox share: the folder of its state, and what it says of itself."""
