"""Clients of the API: the client itself, informers, the event recorder, the work queue.

Components import the API from here alone: neither the API server nor the store.
"""

from pykube_core.apiserver import Binding, Deleted
from pykube_core.apiserver.registry.batch import Target
from pykube_core.apiserver.registry.filling import ENCODED_STATUS, STATUS_FIELD, FilledStatus
from pykube_core.apiserver.registry.lifecycle import FOREGROUND, ORPHAN
from pykube_core.client.client import Client
from pykube_core.objects import ApiObject
from pykube_core.store import FIELDS_MAX

__all__ = [
    "ENCODED_STATUS",
    "FIELDS_MAX",
    "FOREGROUND",
    "ORPHAN",
    "STATUS_FIELD",
    "ApiObject",
    "Binding",
    "Client",
    "Deleted",
    "FilledStatus",
    "Target",
]
