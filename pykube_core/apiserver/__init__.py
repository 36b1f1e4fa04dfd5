"""The API in process over a store, with kube-apiserver's semantics."""

from pykube_core.apiserver.registry.binding import Binding
from pykube_core.apiserver.registry.deletion import Deleted
from pykube_core.apiserver.registry.lifecycle import scale_of
from pykube_core.apiserver.registry.lists import ObjectList
from pykube_core.apiserver.registry.watch import ObjectWatch, WatchEvent
from pykube_core.apiserver.server import ApiServer
from pykube_core.objects import ApiObject

__all__ = [
    "ApiObject",
    "ApiServer",
    "Binding",
    "Deleted",
    "ObjectList",
    "ObjectWatch",
    "WatchEvent",
    "scale_of",
]
