"""Pages of dashboards: their panels as charts, with what can be chosen in them."""
