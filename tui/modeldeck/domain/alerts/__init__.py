"""Alerts of Prometheus and Alertmanager: whose they are, and what is known of them."""
