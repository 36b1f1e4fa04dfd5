"""The engine with Kubernetes objects: nodes and a policy in, placements out."""
