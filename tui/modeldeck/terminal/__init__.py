"""The terminal itself: taken and given back, asked what it can, its keys read, and no faster written to than it takes."""
