"""Prometheus and what speaks its API, behind prometheus-api-client."""
