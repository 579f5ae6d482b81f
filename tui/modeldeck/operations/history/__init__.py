"""Who moved what, when and why, from every memory that there is."""
