"""What changed around a moment: every memory and every backend asked about one deployment."""
