"""One thing in full: a run, a version, a deployment, its logs; and the small changes that need no plan."""
