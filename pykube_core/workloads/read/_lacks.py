"""Objects that a snapshot lacks: said, counted, named, and made up for where that is possible.

`kubectl get nodes,pods` fetches a part of what decisions read, and a cluster changes while it is
read. Nothing of that ends a run, unless whoever reads is strict about it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.objects import KubeObject, name_of, namespace_of
from pykube_core.scheduler.tables.volume_cache import (
    WAIT_FOR_FIRST_CONSUMER,
    Claim,
    VolumeCache,
    pod_claims,
)
from pykube_core.words import counted, some_of
from pykube_core.workloads.contents import LACKS
from pykube_core.workloads.model import Workload
from pykube_core.workloads.read._implied import (
    NAME_LABEL,
    implied_namespace,
    implied_owner,
    missing_owners,
    namespace_keys,
    owner_of,
)

_IN_TREE_DISKS: Final = (
    "awsElasticBlockStore",
    "azureDisk",
    "azureFile",
    "cinder",
    "gcePersistentDisk",
    "portworxVolume",
    "vsphereVolume",
)


class Lack(NamedTuple):
    """Something that a snapshot lacks: its name in ``LACKS``, and the sentence about it."""

    name: str
    text: str


def check_strict(names: Collection[str]) -> None:
    """Refuse names of lacks that there are none of.

    Raises
    ------
    ValueError
        Naming the first, and all that are known.
    """
    for name in names:
        if name not in LACKS:
            raise ValueError(f"strict: {name!r} is none of {', '.join(LACKS)}")


def complete(
    workload: Workload,
    *,
    nodes_gone: Collection[str] = (),
    unranked: Collection[int] = (),
    is_whole: bool = False,
    strict: Collection[str] = (),
) -> Workload:
    """Return a workload that was read, with what it implies and with warnings about the rest.

    Parameters
    ----------
    workload
        As it was read; pods on nodes that are gone are left out already.
    nodes_gone
        Names of these nodes.
    unranked
        Templates whose PriorityClass is not there.
    is_whole
        It was written by `write_snapshot`, which leaves nothing out.
    strict
        Names of what may not be lacking.

    Raises
    ------
    InputError
        Something is lacking that may not be.
    """
    view = _View(workload, is_whole)
    lacks = [*_nodes(view, nodes_gone), *_volumes(view)]
    objects = {plural: list(items) for plural, items in workload.objects.items()}
    lacks += [*_owners(view, objects), *_services(view), *_namespaces(view, objects)]
    lacks += _classes(view, unranked)
    for lack in lacks:
        if lack.name in strict:
            raise InputError(lack.text, source=workload.source)
    texts = [lack.text for lack in lacks] + _not_simulated(view)
    return dataclasses.replace(workload, objects=objects, warnings=tuple(texts))


def pod_warnings(workload: Workload) -> list[str]:
    """Return what the pods of a workload need and do not find, and what of them is not simulated.

    Claims that are not there are left to whoever explains the pods.
    """
    view = _View(workload, is_whole=False)
    lacks = [lack.text for lack in _volumes(view) if lack.name != "missing-claims"]
    return lacks + _not_simulated(view)


class _View:
    """The pods of a workload, counted by template."""

    def __init__(self, workload: Workload, is_whole: bool) -> None:
        self.workload = workload
        self.is_whole = is_whole
        self.templates = workload.pods.templates
        self.objects = workload.objects
        self._counts = np.bincount(workload.pods.template, minlength=len(self.templates))
        pinned = workload.pods.template[workload.pods.pinned]
        self._loose = self._counts - np.bincount(pinned, minlength=len(self.templates))

    def live(self) -> Iterable[tuple[int, KubeObject]]:
        """Yield the templates that some pod has, by index."""
        return ((i, t) for i, t in enumerate(self.templates) if self._counts[i])

    def count(self, indices: Iterable[int]) -> int:
        """Return how many pods have one of the templates."""
        return int(self._counts[list(indices)].sum())

    def count_loose(self, indices: Iterable[int]) -> int:
        """Return how many pods of the templates are not pinned to their node."""
        return int(self._loose[list(indices)].sum())


def _nodes(view: _View, gone: Collection[str]) -> list[Lack]:
    left_out = view.workload.left_out
    if left_out is None or not len(left_out):
        return []
    one = "pod is on a node that is not in the snapshot"
    many = "pods are on nodes that are not in the snapshot"
    text = f"{counted(len(left_out), one, many)}: left out ({some_of(gone)})"
    return [Lack("missing-nodes", text)]


# -- volumes -----------------------------------------------------------------------------------


class _Claims:
    """Faults in the claims of pods: templates and names, by lack."""

    def __init__(self) -> None:
        self.templates: dict[str, set[int]] = {}
        self.names: dict[str, set[str]] = {}

    def note(self, lack: str, template: int, name: str = "") -> None:
        self.templates.setdefault(lack, set()).add(template)
        self.names.setdefault(lack, set()).add(name)


def _volumes(view: _View) -> list[Lack]:
    """Say which claims, volumes and what belongs to them are missing."""
    found = _Claims()
    storage = VolumeCache(view.objects)
    for index, template in view.live():
        for name, _ in pod_claims(template):
            key = (namespace_of(template), name)
            claim = storage.claim(key)
            if claim is None:
                found.note("missing-claims", index, "/".join(key))
            else:
                _look_at_claim(found, index, claim, storage, view.objects)
    lacks = []
    for lack, (one, many, rest) in _CLAIM_WORDS.items():
        templates = found.templates.get(lack, ())
        count = view.count(templates)
        bare = _nodes_without_csi(view) if lack == "missing-csi-nodes" else 0
        if count and (bare or lack != "missing-csi-nodes"):
            named = some_of(found.names[lack] - {""})
            tail = f" ({named})" if named else ""
            rest = rest.format(counted(bare, "node has", "nodes have"))
            lacks.append(Lack(lack, counted(count, one, many) + rest + tail))
    return lacks


_CLAIM_WORDS: Final = {
    "missing-claims": (
        "pod names claims that are not in the snapshot",
        "pods name claims that are not in the snapshot",
        ": no node is found for them",
    ),
    "missing-volumes": (
        "pod has claims bound to volumes that are not in the snapshot",
        "pods have claims bound to volumes that are not in the snapshot",
        ": no node is found for them",
    ),
    "missing-storage-classes": (
        "pod has unbound claims of StorageClasses that are not in the snapshot",
        "pods have unbound claims of StorageClasses that are not in the snapshot",
        ": no node is found for them",
    ),
    "missing-csi-nodes": (
        "pod has CSI volumes",
        "pods have CSI volumes",
        ", and {} no CSINode in the snapshot: how many volumes go there is not known",
    ),
    "missing-csi-drivers": (
        "pod waits for volumes to be provisioned",
        "pods wait for volumes to be provisioned",
        ", and the snapshot has no CSIDrivers: storage capacity is not looked at",
    ),
    "missing-capacities": (
        "pod waits for volumes of drivers that track capacity",
        "pods wait for volumes of drivers that track capacity",
        ", and the snapshot has no CSIStorageCapacities: no node is found for them",
    ),
}


def _look_at_claim(
    found: _Claims,
    template: int,
    claim: Claim,
    storage: VolumeCache,
    objects: Mapping[str, Sequence[KubeObject]],
) -> None:
    """Note what a claim that is there needs and does not find."""
    if claim.fully_bound:
        volume = storage.volume(claim.volume_name)
        if volume is None:
            found.note("missing-volumes", template, claim.volume_name)
        elif volume.csi is not None:
            found.note("missing-csi-nodes", template)
        return
    storage_class = storage.classes.get(claim.class_name)
    if storage_class is None:
        if claim.class_name:
            found.note("missing-storage-classes", template, claim.class_name)
        return
    if storage_class.binding_mode != WAIT_FOR_FIRST_CONSUMER:
        return
    if storage_class.provisioner.startswith("kubernetes.io/"):
        return
    if not objects.get("csiDrivers"):
        found.note("missing-csi-drivers", template)
    elif storage.tracks_capacity(storage_class.provisioner) and not storage.capacities:
        found.note("missing-capacities", template, storage_class.provisioner)


def _nodes_without_csi(view: _View) -> int:
    there = {name_of(obj) for obj in view.objects.get("csiNodes", ())}
    return sum(name_of(node) not in there for node in view.workload.nodes)


# -- spreading and namespaces --------------------------------------------------------------------


def _spreads_by_default(template: KubeObject) -> bool:
    return not template["spec"].get("topologySpreadConstraints")


def _owners(view: _View, objects: dict[str, list[KubeObject]]) -> list[Lack]:
    """Say which owners are missing; add those whose selector their pods imply."""
    derived: list[tuple[str, list[int]]] = []
    off: list[tuple[str, list[int]]] = []
    live = dict(view.live())
    for owner, indices in missing_owners(view.templates, view.objects).items():
        spreading = [i for i in indices if i in live and _spreads_by_default(live[i])]
        if not view.count_loose(spreading):
            continue
        implied = implied_owner(owner, (view.templates[i] for i in indices))
        (off if implied is None else derived).append((str(owner), spreading))
        if implied is not None:
            objects.setdefault(owner.plural, []).append(implied)
    lacks = []
    for found, rest in (
        (derived, "their default spreading goes by the labels that the pods of one owner share"),
        (off, "as they share no label, default spreading is off for them"),
    ):
        count = view.count_loose(i for _, indices in found for i in indices)
        if count:
            words = "owners that are not in the snapshot"
            text = counted(count, f"pod has {words}", f"pods have {words}")
            names = some_of(name for name, _ in found)
            lacks.append(Lack("missing-owners", f"{text}: {rest} ({names})"))
    return lacks


def _services(view: _View) -> list[Lack]:
    """Say which pods only Services could spread, where there are none.

    Every cluster has a Service of its API, so that none were asked for; but a synthetic one.
    """
    if view.objects.get("services") or view.is_whole:
        return []
    count = view.count_loose(
        index
        for index, template in view.live()
        if owner_of(template) is None
        and template["metadata"].get("labels")
        and _spreads_by_default(template)
    )
    if not count:
        return []
    who = counted(count, "pod", "pods")
    owners = "ReplicaSet, StatefulSet or ReplicationController"
    text = f"no Services: default spreading is off for {who} that no {owners} owns"
    return [Lack("missing-services", text)]


def _namespaces(view: _View, objects: dict[str, list[KubeObject]]) -> list[Lack]:
    """Add the namespaces that pods are in; say whose selectors read more of them than names."""
    keys = {index: set(namespace_keys(template)) for index, template in view.live()}
    if not any(keys.values()):
        return []
    there = {name_of(obj) for obj in objects.get("namespaces", ())}
    missing = sorted({namespace_of(template) for _, template in view.live()} - there)
    if not missing:
        return []
    objects.setdefault("namespaces", []).extend(implied_namespace(name) for name in missing)
    count = view.count(index for index, read in keys.items() if read - {NAME_LABEL})
    if not count:
        return []
    who = counted(count, "pod selects namespaces by label", "pods select namespaces by label")
    what = counted(len(missing), "namespace is", "namespaces are")
    known = f"only {NAME_LABEL} is known of {'it' if len(missing) == 1 else 'them'}"
    text = f"{who}, and {what} not in the snapshot: {known} ({some_of(missing)})"
    return [Lack("missing-namespaces", text)]


# -- priorities, and what is not simulated ---------------------------------------------------------


def _classes(view: _View, unranked: Collection[int]) -> list[Lack]:
    count = view.count(unranked)
    if not count:
        return []
    rest = "PriorityClasses that are not in the snapshot: their priority counts as 0"
    text = counted(count, f"pod names {rest}", f"pods name {rest}")
    names = some_of(view.templates[i]["spec"]["priorityClassName"] for i in unranked)
    return [Lack("missing-priority-classes", f"{text} ({names})")]


def _not_simulated(view: _View) -> list[str]:
    """Say how many pods have what is not simulated."""
    texts = []
    count = view.count(i for i, t in view.live() if t["spec"].get("resourceClaims"))
    if count:
        who = counted(count, "pod has resourceClaims", "pods have resourceClaims")
        texts.append(f"{who}, which are not simulated: scheduled as if there were none")
    kinds: dict[int, set[str]] = {}
    for index, template in view.live():
        for volume in template["spec"].get("volumes") or ():
            for kind in _IN_TREE_DISKS:
                if volume.get(kind) is not None:
                    kinds.setdefault(index, set()).add(kind)
    count = view.count(kinds)
    if count:
        who = counted(count, "pod has in-tree volumes", "pods have in-tree volumes")
        names = some_of(kind for found in kinds.values() for kind in found)
        texts.append(f"{who} ({names}), which do not count as the CSI volumes that they become")
    return texts
