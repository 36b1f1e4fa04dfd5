"""The order in which kube-scheduler meets nodes: one of each zone in turn.

Source: kubernetes v1.34.1, pkg/scheduler/backend/cache/node_tree.go (list) and
k8s.io/component-helpers v0.34.1, node/topology/helpers.go (GetZoneKey).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from pykube_core.api.objects import KubeObject

_ZONES = ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone")
_REGIONS = ("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region")


def zone_of(node: KubeObject) -> tuple[str, str]:
    """Return region and zone of a node, "" where it has none; beta labels count first."""
    labels = (node.get("metadata") or {}).get("labels") or {}
    region, zone = (
        next((labels[key] for key in keys if key in labels), "") for keys in (_REGIONS, _ZONES)
    )
    return region, zone


def in_turn(nodes: Sequence[KubeObject]) -> list[int]:
    """Return the indices of nodes, one of each zone in turn, zones as they first appear."""
    zones: dict[tuple[str, str], list[int]] = {}
    for index, node in enumerate(nodes):
        zones.setdefault(zone_of(node), []).append(index)
    rounds = zip_longest(*zones.values(), fillvalue=-1)
    return [index for each in rounds for index in each if index >= 0]
