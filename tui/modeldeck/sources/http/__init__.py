"""HTTP: connections, TLS, credentials, bounds in time and bytes, and what goes wrong on the wire as a Failure."""
