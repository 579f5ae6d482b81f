"""What all of operations needs: clients, retries, patches, whose doing stands on a Deployment, and the JSON contract."""
