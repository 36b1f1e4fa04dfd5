"""The order in which kube-scheduler goes through nodes: round robin over zones.

Source: kubernetes v1.34.1, pkg/scheduler/backend/cache/node_tree.go;
staging/src/k8s.io/component-helpers/node/topology/helpers.go (GetZoneKey).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

from pykube_core.api.objects import KubeObject

_ZONE: Final = ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")
_REGION: Final = ("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region")


def zone_order(nodes: Sequence[KubeObject]) -> list[int]:
    """Return the indices of nodes, one of each zone in turn, zones as they first appear.

    >>> zone = {"a": "topology.kubernetes.io/zone"}
    >>> nodes = [{"metadata": {"labels": {zone["a"]: z}}} for z in "aab"]
    >>> zone_order(nodes)
    [0, 2, 1]
    """
    zones: dict[tuple[str, str], list[int]] = {}
    for index, node in enumerate(nodes):
        labels = (node.get("metadata") or {}).get("labels") or {}
        key = (_label(labels, _REGION), _label(labels, _ZONE))
        zones.setdefault(key, []).append(index)
    turns = itertools.zip_longest(*zones.values())
    return [index for turn in turns for index in turn if index is not None]


def _label(labels: dict[str, str], keys: Sequence[str]) -> str:
    return next((labels[key] for key in keys if labels.get(key)), "")
