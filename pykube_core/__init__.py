"""A whole Kubernetes in one Python process, with kube-scheduler's own decisions."""

__version__ = "0.1.0"
