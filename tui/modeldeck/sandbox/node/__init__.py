"""The node agent: runs the pods of `node-1` as real model servers, speaking nothing but the Kubernetes API."""
