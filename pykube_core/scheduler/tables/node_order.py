"""The order in which kube-scheduler meets nodes: one of each zone in turn.

Source: kubernetes v1.34.1, pkg/scheduler/backend/cache/node_tree.go and
k8s.io/component-helpers v0.34.1, node/topology/helpers.go (GetZoneKey).
"""

from __future__ import annotations

from itertools import zip_longest

from pykube_core.api.machinery.objects import KubeObject

_ZONES = ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone")
_REGIONS = ("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region")


def zone_of(node: KubeObject) -> tuple[str, str]:
    """Return region and zone of a node, "" where it has none; beta labels count first."""
    labels = (node.get("metadata") or {}).get("labels") or {}
    region, zone = (
        next((labels[key] for key in keys if key in labels), "") for keys in (_REGIONS, _ZONES)
    )
    return region, zone


class NodeTree:
    """Rows of nodes by zone; zones stay in the order in which they appeared."""

    def __init__(self) -> None:
        self._zones: dict[tuple[str, str], dict[int, None]] = {}
        self._zone_of: dict[int, tuple[str, str]] = {}

    def add(self, row: int, node: KubeObject) -> bool:
        """Put a node behind the others of its zone; return whether the order changed.

        One that is there and in the same zone keeps its place.
        """
        zone = zone_of(node)
        if self._zone_of.get(row) == zone:
            return False
        self.remove(row)
        self._zone_of[row] = zone
        self._zones.setdefault(zone, {})[row] = None
        return True

    def remove(self, row: int) -> None:
        """Take a node out; nothing happens if it is not there."""
        zone = self._zone_of.pop(row, None)
        if zone is not None:
            members = self._zones[zone]
            del members[row]
            if not members:
                del self._zones[zone]

    def in_turn(self) -> list[int]:
        """Return the rows, one of each zone in turn. O(n)."""
        rounds = zip_longest(*self._zones.values(), fillvalue=-1)
        return [row for each in rounds for row in each if row >= 0]

    def copy(self) -> NodeTree:
        """Return a tree of the same rows that goes on by itself."""
        other = NodeTree()
        other._zones = {zone: dict(members) for zone, members in self._zones.items()}
        other._zone_of = dict(self._zone_of)
        return other
