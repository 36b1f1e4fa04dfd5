"""Kubernetes objects: quantities, selectors, validation."""
