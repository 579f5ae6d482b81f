"""Which model version a pod template serves, where it says so, and how such a place is edited."""
