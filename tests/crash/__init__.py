"""The crash matrix: real runner processes, crashed at every request that changes something, and what stands afterwards.

`python -m tests.crash` runs all of it on the cluster simulator and a sample on a real control plane, and prints the table.
"""
