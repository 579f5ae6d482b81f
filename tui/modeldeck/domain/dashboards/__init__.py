"""Dashboards of Grafana: what their files ask of Prometheus, what can be chosen in them, and what of them cannot be shown here."""
