"""Metrics in words and as charts: the live pane and screen, objectives and alerts, drift, dashboards."""
