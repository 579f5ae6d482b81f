"""From an intent to a plan: everything is read, nothing is changed."""
