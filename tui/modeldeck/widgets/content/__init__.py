"""What stands inside a pane: a chart, a text, or words where there is nothing to show; and how fresh it is."""
