"""Alertmanager's API v2: alerts and silences."""
