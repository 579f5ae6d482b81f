"""Plan → confirm → live steps → how it ended, for promotions and roll-backs alike."""
