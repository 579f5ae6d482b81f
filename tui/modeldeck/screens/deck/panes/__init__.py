"""The deck's four panes: each with what it paints, asks the hub and does."""
