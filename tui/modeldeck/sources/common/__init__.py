"""What every source needs: the edge that makes failures of exceptions, bounds, threads for clients that block, shared answers."""
