"""A cluster: store, API server, clock and components, in one object."""

from __future__ import annotations

import builtins
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Literal

from pykube_core.api.core import NODES, PODS
from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.times import NANO
from pykube_core.apiserver import ApiServer
from pykube_core.client.informers import SharedInformer
from pykube_core.cluster.applying import Applied, apply_manifests
from pykube_core.cluster.bootstrap import NETWORK_AGENT, bootstrap, static_pods
from pykube_core.cluster.clock import Clock, VirtualClock, clock_of
from pykube_core.cluster.control_plane import (
    CONTROLLER_MANAGER,
    KUBELET,
    SCHEDULER,
    ControlPlane,
    Part,
    check_parts,
)
from pykube_core.cluster.garbage import rare_collections
from pykube_core.cluster.history import history_hash, last_time_ns
from pykube_core.cluster.housekeeping import Compactor, LeaseExpiry
from pykube_core.cluster.loop import Component, EventLoop
from pykube_core.cluster.machines import check_same, named_machines, register
from pykube_core.cluster.reading import Manifests
from pykube_core.cluster.settings import SYSTEM, Network, load_settings
from pykube_core.controllers import controller_manager
from pykube_core.node.kubelet import Kubelet
from pykube_core.node.network import PodNetwork
from pykube_core.node.registration import Machine
from pykube_core.node.runtime import Behavior, Runtime
from pykube_core.scheduler.component.component import SchedulerComponent
from pykube_core.scheduler.policies.registry import policy as read_policy
from pykube_core.scheduler.policies.user_policy import UserPolicy
from pykube_core.store import Store, StoreLike, open_store, prefix_end, restore_backup
from pykube_core.store.snapshot_file import read_snapshot_file, write_snapshot_file

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""When a virtual cluster begins, unless it is told otherwise."""
RUN_SECONDS_MAX: Final = 3600
"""How long `Cluster.run` waits where no limit is given."""

DEFAULT: Final = "default"
"""The policy of kube-scheduler."""

_SCHEDULER_PRIORITY: Final = 10
_CONTROLLER_PRIORITY: Final = 20
_KUBELET_PRIORITY: Final = 30
_HOUSEKEEPING_PRIORITY: Final = 40
_SHOWN_MAX: Final = 5


class Cluster:
    """A whole Kubernetes in this process; a context manager.

    Parameters
    ----------
    nodes : int or sequence of str or Machine, optional
        The machines of a new cluster besides its master: how many, their names, or what they are;
        three by default. A cluster that goes on has its own.
    master : str or Machine
        The machine of a new cluster's control plane. With one, kube-system is made as kubeadm makes
        it, and scheduler and controllers work only while their containers run there. Without,
        they work by themselves.
    clock : "virtual", "wall", float or Clock
        A virtual clock stands still until nobody has anything to do, and then jumps; the wall clock
        is the machine's; a number is a speed, such as 60 for an hour in a minute.
    store : path, str, StoreLike or None
        None keeps everything in memory; a path is a data directory; a string that begins with
        ``etcd://`` names an etcd cluster. A store that holds a cluster goes on with it: time goes
        on from its newest object, containers that ran still run. A store made elsewhere is not
        closed, and its leases go by its own clock.
    seed : int
        Of all that is left to chance in a new cluster.
    start : datetime, optional
        When a new cluster on a virtual clock begins; by default `START`.
    network : "builtin", "flannel" or "none", optional
        How pods of a new cluster come by their network, see `Settings`; flannel with a master,
        built in without.
    policy : str or UserPolicy
        How the scheduler chooses, as in `compare`: a policy's name, a KubeSchedulerConfiguration
        file, or a function of one's own. It is not kept in the store, nor are the next two.
    behaviors : mapping of str to Behavior
        Behavior of containers, by image; see `Behavior`.
    default_behavior : Behavior, optional
        Behavior of containers of other images.
    without : collection of str
        Parts of `control_plane.PARTS` that run elsewhere.

    Attributes
    ----------
    server : ApiServer
        The API; every write goes through it.
    log : SharedInformer
        The newest state of every object that somebody reads.
    clock : Clock
        Nanoseconds since the epoch, when called.
    loop : EventLoop
        Steps the components.
    runtime : Runtime
        The containers of all nodes.
    kubelet : Kubelet
        The kubelets of all nodes.
    settings : Settings
        The settings that the cluster was made with.

    Raises
    ------
    InputError
        The machines cannot be had, an option is none that there is, or the clock is behind the
        store.
    OpenError, LockedError
        The store cannot be opened.

    Examples
    --------
    >>> with Cluster(nodes=2) as cluster:
    ...     applied = cluster.apply(
    ...         "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: b}}"
    ...     )
    ...     cluster.get("cm", "c")["data"]
    {'a': 'b'}
    """

    def __init__(
        self,
        nodes: int | Sequence[str | Machine] | None = None,
        *,
        master: str | Machine = "",
        clock: Literal["virtual", "wall"] | float | Clock = "virtual",
        store: str | os.PathLike[str] | StoreLike | None = None,
        seed: int = 0,
        start: datetime | None = None,
        network: Network | None = None,
        policy: str | UserPolicy = DEFAULT,
        behaviors: Mapping[str, Behavior] | None = None,
        default_behavior: Behavior | None = None,
        without: Collection[str] = (),
    ) -> None:
        check_parts(without)
        self._without = frozenset(without)
        self._policy = None if policy == DEFAULT else read_policy(policy)
        self.clock: Clock = VirtualClock(0)
        self._opened_ns = 0
        self._owns_store = store is None or isinstance(store, str | os.PathLike)
        self.store = self._opened(store)
        try:
            self.clock = clock_of(clock, start or START, last_time_ns(self.store))
            self._opened_ns = self.clock()
            held = load_settings(self.store)
            seed = held.seed if held else seed
            self.server = ApiServer(self.store, clock=lambda: self.clock(), seed=seed)
            there = self._node_names()
            if held:
                check_same(held, there, nodes, master)
                self.settings = held
            else:
                self.settings = bootstrap(
                    self.server, there, nodes, master,
                    seed=seed, network=network, now_ns=self.clock(),
                )  # fmt: skip
            self.log = SharedInformer(self.store, self.server.registry, self.server.written)
            self.loop = EventLoop(self.log, self.clock)
            self.runtime = Runtime(behaviors or {}, default_behavior)
            self.kubelet = self._compose()
        except BaseException:
            self.close()
            raise

    def _opened(self, store: str | os.PathLike[str] | StoreLike | None) -> StoreLike:
        if isinstance(store, str) and store.startswith("etcd://"):
            return open_store(store)
        if store is None or isinstance(store, str | os.PathLike):
            # Only the store knows what time it is, and it cannot be asked before it is open: its
            # leases count from then, which starts the TTL of those that it holds anew.
            return Store(store, clock=lambda: self.clock() - self._opened_ns)
        return store

    def _node_names(self) -> set[str]:
        """Return the names that nodes have, also of what does not decode."""
        held = self.store.range(NODES.prefix, prefix_end(NODES.prefix)).kvs
        return {kv.key[len(NODES.prefix) :].decode(errors="replace") for kv in held}

    def _compose(self) -> Kubelet:
        """Put the components on the loop; return the kubelet."""
        server, log, settings = self.server, self.log, self.settings
        agent = None if settings.network == "builtin" else NETWORK_AGENT
        kubelet = Kubelet(
            server,
            log,
            runtime=self.runtime,
            network=PodNetwork(agent=agent),
            static_pods=static_pods(settings),
        )

        def scheduler() -> builtins.list[Component]:
            host = settings.master or "pykube"
            instance = f"default-scheduler-{host}"
            made = SchedulerComponent(
                server, log, policy=self._policy, seed=settings.seed, instance=instance
            )
            return [made]

        def controllers() -> builtins.list[Component]:
            cidr, size = settings.cluster_cidr, settings.node_cidr_mask_size
            found = controller_manager(server, log, cluster_cidr=cidr, node_cidr_mask_size=size)
            return list(found)

        parts = {
            SCHEDULER: Part(scheduler, _SCHEDULER_PRIORITY),
            CONTROLLER_MANAGER: Part(controllers, _CONTROLLER_PRIORITY),
        }
        here = {name: part for name, part in parts.items() if name not in self._without}
        # The runtime holds its listeners, and so itself.
        ControlPlane(self.loop, self.runtime, settings.master, here)
        if KUBELET in self._without:
            log.forget(kubelet.cursor)
        else:
            self.loop.add(kubelet, _KUBELET_PRIORITY)
        self.loop.add(LeaseExpiry(self.store, log), _HOUSEKEEPING_PRIORITY)
        self.loop.add(Compactor(self.store, log), _HOUSEKEEPING_PRIORITY)
        return kubelet

    @classmethod
    def restore(
        cls,
        snapshot: str | os.PathLike[str],
        store: str | os.PathLike[str],
        *,
        clock: Literal["virtual", "wall"] | float | Clock = "virtual",
        policy: str | UserPolicy = DEFAULT,
        behaviors: Mapping[str, Behavior] | None = None,
        default_behavior: Behavior | None = None,
    ) -> Cluster:
        """Make a data directory from a snapshot, and return the cluster that goes on there.

        Raises
        ------
        FileExistsError
            The directory is not empty.
        ValueError, CorruptError
            The snapshot is damaged.
        """
        restore_backup(read_snapshot_file(snapshot), store)
        return cls(
            store=store,
            clock=clock,
            policy=policy,
            behaviors=behaviors,
            default_behavior=default_behavior,
        )

    def snapshot(self, path: str | os.PathLike[str]) -> None:
        """Write the whole store, with its history, to a file, as ``etcdctl snapshot save`` does.

        Raises
        ------
        ValueError
            The store is in memory or a real etcd.
        """
        if not isinstance(self.store, Store):
            raise ValueError("a real etcd is saved with etcdctl snapshot save")
        write_snapshot_file(path, self.store.backup())

    def close(self) -> None:
        """End it; a store that it opened is closed. A second call does nothing."""
        log: SharedInformer | None = getattr(self, "log", None)
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
            As `reading.read_manifests` takes them.
        namespace : str
            Where objects go that name none; "default" by default.

        Returns
        -------
        list of Applied
            The objects, and whether each was "created", "configured" or "unchanged".

        Raises
        ------
        InputError, UnservedKindError, StatusError
            As `applying.apply_manifests`.
        """
        return apply_manifests(self.server, manifests, namespace)

    def run(self, *, until: Callable[[], bool] | None = None, seconds: float | None = None) -> bool:
        """Let the cluster work, until it is quiescent, a condition holds or time is up.

        A cluster is quiescent when nothing is waiting but what comes back for ever: heartbeats,
        monitoring, compaction. A container that waits to be restarted is not. While it works,
        Python's garbage collector runs more rarely, see `garbage.rare_collections`.

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
            with rare_collections():
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

    def crash(self, pod: str, namespace: str = SYSTEM, exit_code: int = 1) -> None:
        """Let every container of a pod that runs exit now; what follows is the kubelet's.

        Raises
        ------
        StatusError
            404: there is no such pod.
        """
        spec = self.server.get(PODS, pod, namespace).decode()["spec"]
        for container in spec["containers"]:
            self.runtime.crash(namespace, pod, container["name"], exit_code)

    def join(self, *machines: str | Machine) -> None:
        """Let machines join, as ``kubeadm join`` does: each registers its Node.

        Raises
        ------
        StatusError
            409: a name is taken.
        """
        taken = len(self._node_names())
        register(self.server, named_machines(machines, "", taken), self.clock())

    def stop_node(self, name: str) -> None:
        """Stop a machine's kubelet: nobody tells of it and its containers any more, or ends them.

        The node lifecycle controller notices that after 50 s; its monitoring is housekeeping, so
        let the cluster run for so many seconds. In another process that opens the store it runs
        again.

        Raises
        ------
        StatusError
            404: there is no such node.
        """
        self.server.get(NODES, name)
        self.kubelet.stop(name)

    def start_node(self, name: str) -> None:
        """Start a machine's kubelet again.

        Raises
        ------
        StatusError
            404: there is no such node.
        """
        self.server.get(NODES, name)
        self.kubelet.start(name)
