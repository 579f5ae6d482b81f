"""What is filled in and what is refused before an object is stored."""
