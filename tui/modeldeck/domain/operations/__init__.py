"""Promotions and roll-backs as data, and the Deployments that one of them changes."""
