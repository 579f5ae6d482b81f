"""The one pane frame around a content, and the line of input at its foot."""
