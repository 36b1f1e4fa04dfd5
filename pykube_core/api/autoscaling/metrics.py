"""Targets of an autoscaler's metrics, in one cell.

Source: ``k8s.io/kubernetes/pkg/printers/internalversion/printers.go`` v1.37.2.
"""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.columns import NONE, UNKNOWN, first_of
from pykube_core.api.machinery.objects import KubeObject

SOURCES: Final = {
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
    "ContainerResource": "containerResource",
    "External": "external",
}
"""The fields of a metric's sources, by type."""

_SHOWN_MAX: Final = 2


def metrics_text(metrics: list[KubeObject], statuses: list[KubeObject]) -> str:
    """Return how far each metric is, and how far it should be."""
    texts = [
        _metric_text(metric, statuses[index] if index < len(statuses) else {})
        for index, metric in enumerate(metrics)
    ]
    return first_of(texts, _SHOWN_MAX, ", ") or NONE


def _metric_text(metric: KubeObject, status: KubeObject) -> str:
    kind = metric.get("type", "")
    source = SOURCES.get(kind)
    if source is None:
        return "<unknown type>"
    held = metric.get(source, {})
    target, is_known = held.get("target", {}), source in status
    current = status.get(source, {}).get("current", {})
    average = target.get("averageValue")
    if kind in ("Resource", "ContainerResource"):
        name = held.get("name", "")
        if average is not None:
            shown = current.get("averageValue", "0") if is_known else UNKNOWN
            return f"{name}: {shown}/{average}"
        used, wanted = (amounts.get("averageUtilization") for amounts in (current, target))
        shown = UNKNOWN if used is None else f"{used}%"
        return f"{name}: {shown}/{'<auto>' if wanted is None else f'{wanted}%'}"
    if kind == "Pods":
        shown = current.get("averageValue", "0") if is_known else UNKNOWN
        return f"{shown}/{average or '0'}"
    if average is not None:
        return f"{current.get('averageValue', UNKNOWN)}/{average} (avg)"
    shown = current.get("value", "0") if is_known else UNKNOWN
    return f"{shown}/{target.get('value', '0')}"
