"""What model servers export, as data, and the PromQL that is asked of it."""
