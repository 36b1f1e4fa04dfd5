"""Rules that taint devices."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.columns import AGE, NAME, age, since, strings
from pykube_core.api.machinery.object_meta import validate_create, validate_of_cluster
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource


def prepare_device_taint_rule(rule: KubeObject) -> None:
    """Give a new rule its first status and its taint a time, in place."""
    rule["status"] = {}
    taint = rule.setdefault("spec", {}).setdefault("taint", {})
    taint.setdefault("timeAdded", rule["metadata"]["creationTimestamp"])


def device_taint_rule_cells(rule: KubeObject, now_ns: int) -> list[Json]:
    """Return a rule's cells."""
    taint = rule.get("spec", {}).get("taint", {})
    return [
        name_of(rule),
        *(taint.get(field, "") for field in ("key", "value", "effect")),
        since(taint["timeAdded"], now_ns) if "timeAdded" in taint else "",
        age(rule, now_ns),
    ]


DEVICE_TAINT_RULES: Final = Resource(
    kind="DeviceTaintRule",
    plural="devicetaintrules",
    group="resource.k8s.io",
    namespaced=False,
    prepare=prepare_device_taint_rule,
    validate=validate_of_cluster,
    validate_create=validate_create,
    counts_generations=True,
    has_status=True,
    columns=(NAME, *strings("Key", "Value", "Effect", "TimeAdded"), AGE),
    cells=device_taint_rule_cells,
)
