"""Which nodes the claims of a pod allow, and which volumes it would take there.

A pod's claims are bound, or wait for their first consumer (or are refused before any node is
looked at). On each node

1. the volumes of bound claims must be reachable;
2. claims that wait are matched to volumes, from the smallest request up, each to the smallest
   volume that is large enough and that no claim before it took;
3. claims that found none, and those that were promised a node before, must be provisionable there.

All nodes are answered at once: sets of rows instead of a loop over nodes.

Source: kubernetes v1.34.1, plugins/volumebinding/binder.go, and k8s.io/component-helpers v0.34.1,
storage/volume/pv_helpers.go (FindMatchingVolume). Difference: volumes of in-tree plugins that were
migrated to CSI are not translated, so that their zone labels do not become node affinity here
(VolumeZone reads them); a class without a binding mode, which
the API server would not store, binds at once, where upstream fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pykube_core.api.machinery.quantity import Quantity
from pykube_core.scheduler.tables.label_selectors import label_term
from pykube_core.scheduler.tables.node_rows import NodeRows, Rows
from pykube_core.scheduler.tables.volume_cache import (
    WAIT_FOR_FIRST_CONSUMER,
    Assumed,
    Claim,
    ClaimKey,
    StorageClass,
    Volume,
    VolumeCache,
)

Mask = NDArray[np.bool_]
Detail = NDArray[np.uint8]

# Bits of a refusal, in the order of upstream's reasons.
NODE_CONFLICT: Final = 1
BIND_CONFLICT: Final = 2
NOT_ENOUGH_SPACE: Final = 4
VOLUME_MISSING: Final = 8

_NO_PROVISIONER: Final = "kubernetes.io/no-provisioner"
_ZERO: Final = Quantity(0)


@dataclass(slots=True)
class ClaimsOfPod:
    """A pod's claims, one per volume, by what has to happen with them."""

    bound: list[Claim] = field(default_factory=list)
    waiting: list[Claim] = field(default_factory=list)
    immediate: list[Claim] = field(default_factory=list)

    def add(self, claim: Claim, volume_cache: VolumeCache) -> None:
        """Sort a claim in; one whose class does not say when to bind is to bind at once."""
        if claim.fully_bound:
            self.bound.append(claim)
            return
        storage_class = volume_cache.classes.get(claim.class_name) if claim.class_name else None
        waits = storage_class is not None and storage_class.binding_mode == WAIT_FOR_FIRST_CONSUMER
        if waits and not claim.volume_name:
            self.waiting.append(claim)
        else:
            self.immediate.append(claim)


@dataclass(frozen=True, slots=True)
class PodVolumes:
    """A pod's volumes on every row.

    Attributes
    ----------
    detail : (rows,) uint8
        0 where the pod may go, else the bits of the reasons.
    matches : sequence of (claim, volumes, choice)
        For each claim to be matched the volumes it may take, and (rows,) the index of the one it
        takes on each row, -1 for none.
    provisions : sequence of (claim, rows)
        For each claim the rows (mask) on which it has to be provisioned.
    """

    detail: Detail
    matches: Sequence[tuple[Claim, Sequence[Volume], NDArray[np.int32]]] = ()
    provisions: Sequence[tuple[Claim, Mask]] = ()

    def reserve(self, volume_cache: VolumeCache, row: int, node: str) -> Assumed:
        """Assume what the pod takes on a node; upstream's Reserve.

        Parameters
        ----------
        storage
            Where it is assumed; `VolumeCache.forget` takes it back.
        row, node
            The node that was chosen, and its name.
        """
        bindings: list[tuple[ClaimKey, str]] = [
            (claim.key, volumes[choice[row]].name)
            for claim, volumes, choice in self.matches
            if choice[row] >= 0
        ]
        claims = [claim.key for claim, needed in self.provisions if needed[row]]
        return volume_cache.assume(bindings, claims, node)


def find_pod_volumes(claims: ClaimsOfPod, volume_cache: VolumeCache, nodes: NodeRows) -> PodVolumes:
    """Answer for every row whether a pod's claims allow it, and what the pod would take there.

    Costs O(rows) per claim and per distinct node affinity, and O(rows that a volume's affinity
    admits) per volume that a waiting claim may take.
    """
    detail = np.zeros(nodes.count, np.uint8)
    _check_bound(claims.bound, volume_cache, nodes, detail)
    if not claims.waiting:
        return PodVolumes(detail)
    active = np.ones(nodes.count, np.bool_)
    promised: list[Claim] = []
    unmatched: list[Claim] = []
    for claim in claims.waiting:
        node = volume_cache.selected_node(claim)
        if node is None:
            unmatched.append(claim)
        else:
            promised.append(claim)
            active &= _mask(nodes.count, nodes.named(node))
    detail[~active] |= BIND_CONFLICT
    matches = _match(unmatched, volume_cache, nodes, active)
    provisions = [(claim, active) for claim in promised]
    provisions += [(claim, active & (choice < 0)) for claim, _, choice in matches]
    _check_provisions(provisions, volume_cache, nodes, detail)
    return PodVolumes(detail, matches, provisions)


def _mask(count: int, rows: Rows) -> Mask:
    mask = np.zeros(count, np.bool_)
    mask[rows] = True
    return mask


def _check_bound(
    claims: Iterable[Claim], volume_cache: VolumeCache, nodes: NodeRows, detail: Detail
) -> None:
    """Mark the rows from which a bound claim's volume cannot be reached; the first one counts."""
    passing = np.ones(nodes.count, np.bool_)
    for claim in claims:
        volume = volume_cache.volume(claim.volume_name)
        if volume is None:
            detail[passing] |= VOLUME_MISSING
            return
        reached = _mask(nodes.count, nodes.of_volume(volume))
        detail[passing & ~reached] |= NODE_CONFLICT
        passing &= reached


def _match(
    claims: Sequence[Claim], volume_cache: VolumeCache, nodes: NodeRows, active: Mask
) -> list[tuple[Claim, Sequence[Volume], NDArray[np.int32]]]:
    """Match claims to volumes on the active rows, the smallest request first."""
    taken: dict[str, Mask] = {}
    found: list[tuple[Claim, Sequence[Volume], NDArray[np.int32]]] = []
    for claim in sorted(claims, key=lambda c: c.request or _ZERO):
        kept, free = _candidates(claim, volume_cache)
        volumes = (*kept, *free)
        choice = np.full(nodes.count, -1, np.int32)
        unsettled = active.copy()
        left = int(np.count_nonzero(unsettled))
        for index, volume in enumerate(volumes):
            if left == 0:
                break
            rows = nodes.of_volume(volume)
            used = taken.get(volume.name)
            wanted = rows[unsettled[rows] if used is None else unsettled[rows] & ~used[rows]]
            choice[wanted] = index
            if index < len(kept):
                # A volume that is kept for the claim is the only one, even if out of reach.
                unsettled &= False if used is None else used
                left = int(np.count_nonzero(unsettled))
            else:
                unsettled[wanted] = False
                left -= len(wanted)
            if len(claims) > 1 and len(wanted):
                taken.setdefault(volume.name, np.zeros(nodes.count, np.bool_))[wanted] = True
        found.append((claim, volumes, choice))
    return found


def _candidates(claim: Claim, volume_cache: VolumeCache) -> tuple[list[Volume], list[Volume]]:
    """Return the volumes kept for a claim, and the free ones that suit it, smallest first."""
    kept, free = [], []
    wanted_modes = set(claim.access_modes)
    request = claim.request or _ZERO
    for volume in volume_cache.volumes_of_class(claim.class_name):
        reference = volume_cache.reference(volume)
        is_kept = volume.is_for(claim, reference)
        if (
            (reference is not None and not is_kept)
            or volume.capacity < request
            or volume.volume_mode != claim.volume_mode
            or volume.attributes_class != claim.attributes_class
            or volume.terminating
        ):
            continue
        if is_kept:
            kept.append(volume)
        elif (
            volume.phase == "Available"
            and claim.selector.matches(volume.labels)
            and wanted_modes <= volume.access_modes
        ):
            free.append(volume)
    return kept, sorted(free, key=lambda v: v.capacity)


def _check_provisions(
    provisions: Iterable[tuple[Claim, Mask]],
    volume_cache: VolumeCache,
    nodes: NodeRows,
    detail: Detail,
) -> None:
    """Mark the rows on which a claim cannot be provisioned; the first such claim counts."""
    failed = np.zeros(nodes.count, np.bool_)
    for claim, needed in provisions:
        wanted = needed & ~failed
        if not wanted.any():
            continue
        storage_class = volume_cache.classes[claim.class_name]
        provisioner = storage_class.provisioner
        if provisioner in ("", _NO_PROVISIONER):
            detail[wanted] |= BIND_CONFLICT
            failed |= wanted
            continue
        admitted = _topology(storage_class, nodes)
        detail[wanted & ~admitted] |= BIND_CONFLICT
        room = _room(claim, storage_class, volume_cache, nodes)
        detail[wanted & admitted & ~room] |= NOT_ENOUGH_SPACE
        failed |= wanted & ~(admitted & room)


def _topology(storage_class: StorageClass, nodes: NodeRows) -> Mask:
    """Return the rows that a class's allowedTopologies admit."""
    if storage_class.topologies is None:
        return np.ones(nodes.count, np.bool_)
    return nodes.mask(tuple(label_term(t, nodes.interner) for t in storage_class.topologies))


def _room(
    claim: Claim, storage_class: StorageClass, volume_cache: VolumeCache, nodes: NodeRows
) -> Mask:
    """Return the rows from which a driver that tracks capacity reaches enough of it."""
    if claim.request is None or not volume_cache.tracks_capacity(storage_class.provisioner):
        return np.ones(nodes.count, np.bool_)
    size = claim.request.value()
    terms = tuple(
        label_term(capacity.topology, nodes.interner)
        for capacity in volume_cache.capacities.values()
        if capacity.class_name == storage_class.name
        and capacity.limit is not None
        and capacity.limit >= size
    )
    return nodes.mask(terms)
