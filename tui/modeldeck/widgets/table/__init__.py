"""The one table: its rows as seen, its columns as wide as there is room, its lines as strips."""
