"""The writes of a run as requests to the API server, with their clients, told from the log.

Components share one API server, and one component takes its step at a time. So each change that is
in the log after a step is that component's, and the object before and after says which request it
was. Reads leave no trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from pykube_core.api.core import NODES, PODS
from pykube_core.api.machinery.registry import Resource
from pykube_core.apiserver import ApiObject
from pykube_core.client.informers import Change, Created, Deleted, SharedInformer, Updated
from pykube_core.cluster.loop import EventLoop

CLIENT: Final = "kubectl"
"""The client that writes when no component steps."""
KUBELET: Final = "kubelet"


class Request(NamedTuple):
    """A write.

    Attributes
    ----------
    time_ns : int
        When, since the epoch.
    client : str
        The component, or `CLIENT`.
    node : str
        The kubelet's node; "" for other clients.
    verb, path : str
        As in HTTP; a change of a part is a PATCH, whichever way it was sent.
    change : Change
        The object before and after.
    """

    time_ns: int
    client: str
    node: str
    verb: str
    path: str
    change: Change

    @property
    def before(self) -> ApiObject | None:
        """The object as it was; None if the request created it."""
        change = self.change
        if type(change) is Created:
            return None
        return change.old if type(change) is Updated else change.object

    @property
    def after(self) -> ApiObject | None:
        """The object as it is since; None if it is gone."""
        return None if type(self.change) is Deleted else self.change.object


class RequestLog:
    """Collects requests while a cluster runs; give it to `Cluster.run` or ``EventLoop.run``.

    Parameters
    ----------
    log : SharedInformer
    loop : EventLoop
        Whose components write.
    resources : sequence of Resource
        Resources that are looked at; objects that are there already are not told.

    Attributes
    ----------
    requests : list of Request
        In the order of the log.
    """

    def __init__(self, log: SharedInformer, loop: EventLoop, resources: Sequence[Resource]) -> None:
        self._log = log
        self._loop = loop
        self._cursor = log.cursor(*resources, every_version=True)
        self._cursor.read()
        self.requests: list[Request] = []

    def look(self, now_ns: int) -> None:
        """Take down what was written since the last call; call it after each step."""
        for change in self._cursor.read():
            if type(change) is Updated and _goes(change.object):
                continue  # Its deletion, which the same request brings, is told.
            client = self._loop.stepped or CLIENT
            verb, path = request_of(change)
            node = _node_of(change.object) if client == KUBELET else ""
            self.requests.append(Request(now_ns, client, node, verb, path, change))

    def close(self) -> None:
        """End it."""
        self._log.forget(self._cursor)


def request_of(change: Change) -> tuple[str, str]:
    """Return verb and path of the request that makes a change.

    >>> from pykube_core.api.core import PODS
    >>> from pykube_core.objects import encode
    >>> web = encode(PODS, {"metadata": {"name": "web", "uid": "1"}})
    >>> pod = ApiObject.parse(PODS, b"/registry/pods/default/web", web, 1)
    >>> request_of(Created(pod))
    ('POST', '/api/v1/namespaces/default/pods')
    """
    obj = change.object
    resource = obj.resource
    root = "/apis/" if resource.group else "/api/"
    scope = f"/namespaces/{obj.namespace}" if resource.namespaced else ""
    collection = f"{root}{resource.api_version}{scope}/{resource.plural}"
    path = f"{collection}/{obj.name}"
    if type(change) is Created:
        return "POST", collection
    if type(change) is Deleted or (_deletion(obj) and not _deletion(change.old)):
        return "DELETE", path
    if resource is PODS and _node_of(obj) and not _node_of(change.old):
        return "POST", f"{path}/binding"
    if change.is_status_alone and resource.has_status:
        return "PATCH", f"{path}/status"
    return "PATCH", path


class _Metadata(msgspec.Struct, gc=False):
    deletionTimestamp: str = ""
    deletionGracePeriodSeconds: int | None = None
    finalizers: list[str] = []


class _Spec(msgspec.Struct, gc=False):
    nodeName: str = ""
    holderIdentity: str = ""


class _Source(msgspec.Struct, gc=False):
    host: str = ""


class _View(msgspec.Struct, gc=False):
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    spec: _Spec = msgspec.field(default_factory=_Spec)
    source: _Source = msgspec.field(default_factory=_Source)


def _deletion(obj: ApiObject) -> str:
    return obj.view(_View).metadata.deletionTimestamp


def _goes(obj: ApiObject) -> bool:
    """Say whether an object is marked for a deletion that waits for nothing."""
    metadata = obj.view(_View).metadata
    return metadata.deletionGracePeriodSeconds == 0 and not metadata.finalizers


def _node_of(obj: ApiObject) -> str:
    """Return the node that an object belongs to: a pod's, a lease's, an event's, or itself."""
    if obj.resource is NODES:
        return obj.name
    view = obj.view(_View)
    return view.spec.nodeName or view.spec.holderIdentity or view.source.host
