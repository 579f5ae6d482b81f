"""The embedded local stack: real models, a cluster, traffic and metrics on one machine, for newcomers and for tests."""
