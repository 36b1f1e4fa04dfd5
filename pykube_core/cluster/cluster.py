"""A cluster: store, API server, clock and components, in one object."""

from __future__ import annotations

import builtins
import os
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Literal

from pykube_core.api.builtin import PODS
from pykube_core.api.errors import InputError
from pykube_core.api.objects import KubeObject
from pykube_core.api.registry import Resource
from pykube_core.apiserver import ApiServer
from pykube_core.apiserver.lifecycle import NANO
from pykube_core.apiserver.log import ObjectLog
from pykube_core.cluster.applying import Applied, apply_object
from pykube_core.cluster.clock import Clock, VirtualClock, WallClock
from pykube_core.cluster.history import history_hash, last_time_ns
from pykube_core.cluster.loop import EventLoop
from pykube_core.cluster.reading import Manifests, read_manifests
from pykube_core.cluster.upkeep import Compactor, LeaseExpiry
from pykube_core.controllers.replica_set import ReplicaSetController
from pykube_core.store import Store, StoreLike, open_store

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""When a virtual cluster begins, unless it is told otherwise."""
RUN_SECONDS_MAX: Final = 24 * 3600
"""How long `Cluster.run` waits where no limit is given."""

_SCHEDULER_PRIORITY: Final = 10
_CONTROLLER_PRIORITY: Final = 20
_KUBELET_PRIORITY: Final = 30
_UPKEEP_PRIORITY: Final = 40
_SHOWN_MAX: Final = 5


class Cluster:
    """A whole Kubernetes in this process; a context manager.

    Parameters
    ----------
    clock : "virtual", "wall" or Clock
        A virtual clock stands still until nobody has anything to do, and then jumps; the wall clock
        is the machine's.
    store : path, str, StoreLike or None
        None keeps everything in memory; a path is a data directory; a string that begins with
        ``etcd://`` names an etcd cluster. A store that holds a cluster goes on with it: time goes
        on from its newest object.
    seed : int
        Of all that is left to chance.
    start : datetime, optional
        When a new cluster on a virtual clock begins; by default `START`.

    Attributes
    ----------
    server : ApiServer
        The API; every write goes through it.
    log : ObjectLog
        The newest state of every object.
    clock : Clock
        Nanoseconds since the epoch, when called.
    loop : EventLoop
        Steps the components.

    Examples
    --------
    >>> with Cluster() as cluster:
    ...     applied = cluster.apply(
    ...         "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: b}}"
    ...     )
    ...     cluster.get("cm", "c")["data"]
    {'a': 'b'}
    """

    def __init__(
        self,
        *,
        clock: Literal["virtual", "wall"] | Clock = "virtual",
        store: str | os.PathLike[str] | StoreLike | None = None,
        seed: int = 0,
        start: datetime | None = None,
    ) -> None:
        self.clock: Clock = VirtualClock(0)
        self._owns_store = store is None or isinstance(store, str | os.PathLike)
        self.store = self._opened(store)
        try:
            self.clock = _clock(clock, start or START, last_time_ns(self.store))
            for lease in self.store.leases():
                self.store.lease_keep_alive(lease)
            self.server = ApiServer(self.store, clock=lambda: self.clock(), seed=seed)
            self.server.bootstrap()
            self.log = ObjectLog(self.store, self.server.registry)
            self.loop = EventLoop(self.log, self.clock)
            self._compose()
        except BaseException:
            self.close()
            raise

    def _opened(self, store: str | os.PathLike[str] | StoreLike | None) -> StoreLike:
        if isinstance(store, str) and store.startswith("etcd://"):
            return open_store(store)
        if store is None or isinstance(store, str | os.PathLike):
            return Store(store, clock=lambda: self.clock())
        return store

    def _compose(self) -> None:
        """Put the components on the loop."""
        self.loop.add(ReplicaSetController(self.server, self.log), _CONTROLLER_PRIORITY)
        self.loop.add(LeaseExpiry(self.store, self.log), _UPKEEP_PRIORITY)
        self.loop.add(Compactor(self.store, self.log), _UPKEEP_PRIORITY)

    def close(self) -> None:
        """End it; a store that it opened is closed. A second call does nothing."""
        log: ObjectLog | None = getattr(self, "log", None)
        if log is not None:
            log.close()
        if self._owns_store:
            self.store.close()

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def now(self) -> datetime:
        """The cluster's time."""
        return datetime.fromtimestamp(self.clock() / NANO, UTC)

    @property
    def history_hash(self) -> str:
        """A hash of every change that the store still knows; see `history.history_hash`."""
        return history_hash(self.store)

    def resource(self, kind: str) -> Resource:
        """Return a resource by kind, plural, short or qualified name, as ``kubectl get`` knows it.

        Raises
        ------
        InputError
            There is none.
        """
        found = self.server.registry.named(kind)
        if found is None:
            raise InputError(f'the server doesn\'t have a resource type "{kind}"')
        return found

    def apply(self, manifests: Manifests, namespace: str = "") -> builtins.list[Applied]:
        """Bring objects to what manifests say, as ``kubectl apply`` does on the client's side.

        Parameters
        ----------
        manifests
            What `reading.read_manifests` takes.
        namespace : str
            Where objects go that name none; "default" by default.

        Returns
        -------
        list of Applied
            The objects, and whether each was "created", "configured" or "unchanged".

        Raises
        ------
        InputError
            Something cannot be read, or its kind is not served; nothing was applied.
        StatusError
            The API server refused an object; those before it are applied.
        """
        objects = read_manifests(manifests, self.server.registry)
        return [apply_object(self.server, resource, obj, namespace) for resource, obj in objects]

    def run(self, *, until: Callable[[], bool] | None = None, seconds: float | None = None) -> bool:
        """Let the cluster work, until it is quiescent, a condition holds or time is up.

        A cluster is quiescent when nothing is waiting but what comes back for ever: heartbeats,
        monitoring, compaction. A container that waits to be restarted is not.

        Parameters
        ----------
        until : callable, optional
            Asked after each step; without it, the cluster runs until it is quiescent or, with
            ``seconds``, for just so long.
        seconds : float, optional
            Of the cluster's time; without it, at most `RUN_SECONDS_MAX`.

        Returns
        -------
        bool
            Whether the condition holds; without one, whether the cluster is quiescent.

        Raises
        ------
        TimeoutError
            `RUN_SECONDS_MAX` are over and nothing else was asked for; it says what is waiting.
        """
        limit = RUN_SECONDS_MAX if seconds is None else seconds
        until_ns = self.clock() + round(limit * NANO)
        quiescent = until is None and seconds is None
        while True:
            done = self.loop.run(until_ns=until_ns, condition=until, quiescent=quiescent)
            if not done or self.log.revision >= self.server.revision:
                break
            self.log.wait(1)  # a remote store shows writes a little later
        if seconds is None and not done:
            raise TimeoutError(self._waiting(limit))
        return done if until is not None or quiescent else not self.loop.working

    def _waiting(self, seconds: float) -> str:
        """Return what the cluster is busy with, for people."""
        text = f"the cluster was not done after {seconds:g} s"
        if self.loop.working:
            text += f"; {', '.join(self.loop.working)} still had work"
        pods = [pod.decode() for pod in self.log.all(PODS)]
        cells = [(pod, PODS.cells(pod, self.clock())) for pod in pods]
        odd = [
            f"{pod['metadata']['namespace']}/{row[0]} is {row[2]}"
            for pod, row in cells
            if row[2] not in ("Running", "Completed", "Succeeded")
        ]
        if odd:
            more = f" and {len(odd) - _SHOWN_MAX} more" if len(odd) > _SHOWN_MAX else ""
            text += f"; pod {', '.join(odd[:_SHOWN_MAX])}{more}"
        return text

    def get(self, kind: str, name: str, namespace: str = "default") -> KubeObject:
        """Return an object, decoded.

        Raises
        ------
        InputError
            There is no such kind.
        StatusError
            404: there is no such object.
        """
        return self.server.get(self.resource(kind), name, namespace).decode()

    def list(
        self,
        kind: str,
        namespace: str | None = None,
        label_selector: str = "",
        field_selector: str = "",
    ) -> builtins.list[KubeObject]:
        """Return the objects of a kind, decoded, in the order of their keys.

        Parameters
        ----------
        namespace : str, optional
            None is all of them.
        """
        found = self.server.list(
            self.resource(kind),
            namespace or "",
            label_selector=label_selector,
            field_selector=field_selector,
        )
        return [obj.decode() for obj in found.items]

    def delete(
        self,
        kind: str,
        name: str,
        namespace: str = "default",
        *,
        grace_period_seconds: int | None = None,
        propagation: str = "Background",
    ) -> bool:
        """Delete an object, as `ApiServer.delete` does; return whether it is gone already."""
        deleted = self.server.delete(
            self.resource(kind),
            name,
            namespace,
            grace_period_seconds=grace_period_seconds,
            propagation=propagation,
        )
        return deleted.gone

    def scale(self, kind: str, name: str, replicas: int, namespace: str = "default") -> None:
        """Set how many replicas an object has, as ``kubectl scale``."""
        patch = {"spec": {"replicas": replicas}}
        self.server.patch(self.resource(kind), patch, name, namespace, subresource="scale")


def _clock(clock: Literal["virtual", "wall"] | Clock, start: datetime, last_ns: int) -> Clock:
    """Return a clock that is not behind ``last_ns``."""
    if clock == "wall":
        return WallClock(not_before_ns=last_ns)
    if clock == "virtual":
        return VirtualClock(last_ns or round(start.timestamp()) * NANO)
    if clock() < last_ns:
        raise InputError("the clock is behind the newest object in the store; start it later")
    return clock
