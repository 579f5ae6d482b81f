"""From cells to the bytes of a terminal: roles to styles, lines to strips, and only what differs."""
