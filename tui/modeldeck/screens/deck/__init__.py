"""The deck: runs, versions, deployments and live metrics as one selection."""
