"""The API in process over a store, with kube-apiserver's semantics."""

from pykube_core.apiserver.bulk import Binding
from pykube_core.apiserver.deletion import Deleted
from pykube_core.apiserver.lifecycle import scale_of
from pykube_core.apiserver.lists import ObjectList
from pykube_core.apiserver.server import ApiServer
from pykube_core.apiserver.watch import ObjectWatch, WatchEvent
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
