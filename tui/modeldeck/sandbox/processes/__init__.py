"""Programs as processes that outlive nobody: the reaper, the end of a parent, certificates for loopback."""
