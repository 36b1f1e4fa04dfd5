"""Controllers: components that bring what is to what should be."""

from pykube_core.controllers.replica_set import ReplicaSetController

__all__ = ["ReplicaSetController"]
