"""Keeping readings fresh: one request at a time, patience after failures, the last good value kept and marked stale."""
