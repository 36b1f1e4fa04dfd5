"""The stage of a record: a control plane in this process, as the recorded one was set up."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Final
from urllib.parse import quote, unquote

import msgspec

from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.patch import STRATEGIC_MERGE_PATCH
from pykube_core.api.machinery.times import NANO
from pykube_core.apiserver.auth.bootstrap_policy import ensure_policy
from pykube_core.apiserver.auth.user import User
from pykube_core.apiserver.endpoints import Endpoints, Request, Response
from pykube_core.apiserver.endpoints.access import access_by_tokens
from pykube_core.apiserver.endpoints.negotiation import JSON
from pykube_core.cluster.cluster import Cluster
from pykube_core.cluster.control_plane import KUBELET
from pykube_core.experiments.records.history import History
from pykube_core.experiments.records.kubelet import ADDRESS, FakeKubelet
from pykube_core.experiments.records.normal import Names
from pykube_core.experiments.records.record import Record

NODE: Final = "node-1"
_SERVER_ADDRESS: Final = "192.0.2.1:16443"
_SETTLED_NS: Final = 17 * NANO // 10
_SETTLE_SECONDS_MAX: Final = 120
_KWOK_PRIORITY: Final = 30
_STEP_NS: Final = NANO // 1000
_AGENT: Final = "unknown"
_LEASES: Final = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
ADMIN_TOKEN: Final = "admin-token"
VIEWER_TOKEN: Final = "viewer-token"
_ADMIN: Final = ("authorization", f"Bearer {ADMIN_TOKEN}")
_USERS: Final = {
    ADMIN_TOKEN: User("kubernetes-admin", "u-admin", ("system:masters",)),
    VIEWER_TOKEN: User("jane", "u-jane", ("developers",)),
}
_ROLES: Final = ("ClusterRole", "rbac.authorization.k8s.io")
_SIZE: Final = {"cpu": "64", "memory": "256Gi", "pods": "2000"}


class _Versioned(msgspec.Struct):
    metadata: dict[str, Json] = {}


_VERSION: Final = msgspec.json.Decoder(_Versioned)


class Stage:
    """A cluster with one node, a namespace and a fake kubelet, and its API without sockets.

    Attributes
    ----------
    cluster : Cluster
    endpoints : Endpoints
    history : History
        Of the script alone.
    names : Names
    """

    def __init__(self, record: Record) -> None:
        self.namespace = record.namespace
        self.cluster = Cluster(0, clock="virtual", without=(KUBELET,))
        cluster = self.cluster
        has_roles = cluster.server.registry.of_kind(*_ROLES) is not None
        if has_roles:
            ensure_policy(cluster.server)
        access = access_by_tokens(cluster.server, cluster.clock, _USERS, rbac=has_roles)
        self.endpoints = Endpoints(
            cluster.server, clock=cluster.clock, address=_SERVER_ADDRESS, access=access
        )
        self.history = History(cluster.store, cluster.server.registry)
        self.names = Names(versioned=record.family == "api")
        self.kubelet = FakeKubelet(cluster.log, self, cluster.clock)
        cluster.loop.add(self.kubelet, _KWOK_PRIORITY)
        self._begin()

    def _begin(self) -> None:
        node = {
            "metadata": {"name": NODE, "labels": {"kubernetes.io/hostname": NODE}},
            "status": {
                "capacity": _SIZE,
                "allocatable": _SIZE,
                "addresses": [{"type": "InternalIP", "address": ADDRESS}],
            },
        }
        self.send("POST", "/api/v1/nodes", body=node, agent="kwok")
        space = {"metadata": {"name": self.namespace}}
        self.send("POST", "/api/v1/namespaces", body=space, agent="kwok")
        self.settle()
        self.names.learn(self.history.take())
        self.history.versions.clear()

    # -- requests ------------------------------------------------------------------------------

    def send(
        self,
        method: str,
        path: str,
        *,
        body: Json = None,
        headers: dict[str, str] | None = None,
        agent: str = _AGENT,
        token: str = ADMIN_TOKEN,
    ) -> Response:
        """Answer a request, and let the cluster do all that is due now."""
        data = _encoded(body)
        named = {"accept": "application/json", "user-agent": agent}
        if token:
            named["authorization"] = f"Bearer {token}"
        if data:
            named["content-type"] = "application/json"
        named |= {name.lower(): value for name, value in (headers or {}).items()}
        place, _, query = path.partition("?")
        response = self.endpoints.handle(
            Request(method, unquote(place), query, list(named.items()), data)
        )
        self.work()
        return response

    def version_at(self, path: str) -> str:
        """Return the resource version of what is at a path now."""
        headers = [("accept", "application/json"), _ADMIN]
        response = self.endpoints.handle(Request("GET", path, "", headers))
        found = _VERSION.decode(response.body) if response.status == 200 else _Versioned()
        return found.metadata.get("resourceVersion") or str(self.cluster.server.revision)

    def work(self) -> None:
        """Let the cluster do all that is due now, and learn what became of it."""
        cluster = self.cluster
        cluster.loop.run(until_ns=cluster.clock())
        self.names.learn(self.history.take())

    def patch_status(self, path: str, status: KubeObject, manager: str) -> None:
        """Patch the status at a path, as a manager."""
        self._ask("PATCH", f"{path}/status", STRATEGIC_MERGE_PATCH, {"status": status}, manager)

    def delete_at_once(self, path: str) -> None:
        """Delete what is at a path, without grace."""
        self._ask("DELETE", path, JSON, {"gracePeriodSeconds": 0})

    def renew_lease(self, lease: KubeObject) -> None:
        """Create or replace a node's lease."""
        name = lease["metadata"]["name"]
        self._ask("PUT", f"{_LEASES}/{name}", JSON, lease, "kwok")

    def _ask(
        self, method: str, path: str, media_type: str, body: Json, manager: str = ""
    ) -> Response:
        headers = [("content-type", media_type), ("user-agent", manager or _AGENT), _ADMIN]
        return self.endpoints.handle(Request(method, path, "", headers, msgspec.json.encode(body)))

    # -- time ----------------------------------------------------------------------------------

    def pass_seconds(self, seconds: float) -> None:
        """Let time pass."""
        cluster = self.cluster
        cluster.loop.run(until_ns=cluster.clock() + int(seconds * NANO))
        self.names.learn(self.history.take())

    def step(self) -> None:
        """Let the short time pass that lies between two steps of a script."""
        self.pass_seconds(_STEP_NS / NANO)

    def settle(self) -> None:
        """Let time pass until nothing happened in the namespace for a while; a second begins."""
        end_ns = self.cluster.clock() + _SETTLE_SECONDS_MAX * NANO
        while self.cluster.clock() < end_ns:
            seen = len(self._own())
            self.pass_seconds(_SETTLED_NS / NANO)
            if len(self._own()) == seen:
                break
        self.pass_seconds(-self.cluster.clock() % NANO / NANO)

    def _own(self) -> list[str]:
        return [v.name for v in self.history.versions if v.namespace == self.namespace]

    def wait(self, is_done: Callable[[], bool], seconds: float) -> bool:
        """Let time pass until a condition holds, or for so many seconds; say whether it does."""
        end_ns = self.cluster.clock() + int(seconds * NANO)
        while not is_done():
            if self.cluster.clock() >= end_ns:
                return False
            self.pass_seconds(0.25)
        return True

    def close(self) -> None:
        """End the cluster."""
        self.history.close()
        self.cluster.close()


def _encoded(body: Json) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, dict) and set(body) == {"protobuf_base64"}:
        return base64.b64decode(body["protobuf_base64"])
    return json.dumps(body).encode()


def escaped(query: str) -> str:
    """Return a query whose names were put in, as a request line has it."""
    return quote(query, safe="=&%+,.:;-_~!*'()/")
