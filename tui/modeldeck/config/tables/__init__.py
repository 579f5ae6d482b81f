"""Tables of the configuration with keys and problems of their own: gates, profiles, objectives, drift."""
