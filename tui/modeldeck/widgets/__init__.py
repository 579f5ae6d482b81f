"""The widgets that every screen stands on: plain frozen data comes down as attributes, messages go up."""
