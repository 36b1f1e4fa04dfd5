"""Stateful sets."""

from __future__ import annotations

from typing import Final

from pykube_core.api.apps.stateful_set_validation import (
    validate_stateful_set,
    validate_stateful_set_status_update,
    validate_stateful_set_update,
)
from pykube_core.api.core.pod.template import (
    container_cells,
    set_template_defaults,
    validate_owner_selector,
    validate_template_create,
)
from pykube_core.api.core.volume_defaults import set_claim_defaults
from pykube_core.api.machinery.columns import AGE, NAME, age, strings, wide
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource, SnapshotRules, nothing


def default_stateful_set(stateful_set: KubeObject) -> None:
    """Fill in a stateful set's defaults, in place."""
    spec = set_template_defaults(stateful_set)
    spec.setdefault("podManagementPolicy", "OrderedReady")
    strategy = spec.setdefault("updateStrategy", {})
    if "type" not in strategy:
        strategy["type"] = "RollingUpdate"
        strategy.setdefault("rollingUpdate", {})
    if strategy["type"] == "RollingUpdate" and "rollingUpdate" in strategy:
        strategy["rollingUpdate"].setdefault("partition", 0)
        strategy["rollingUpdate"].setdefault("maxUnavailable", 1)
    policy = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
    policy.setdefault("whenDeleted", "Retain")
    policy.setdefault("whenScaled", "Retain")
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    for claim in spec.get("volumeClaimTemplates", ()):
        claim.setdefault("kind", "PersistentVolumeClaim")
        claim.setdefault("apiVersion", "v1")
        set_claim_defaults(claim.setdefault("spec", {}))
        claim.setdefault("status", {}).setdefault("phase", "Pending")


def prepare_stateful_set(stateful_set: KubeObject) -> None:
    """Give a new stateful set its first status, in place."""
    stateful_set["status"] = {"replicas": 0, "availableReplicas": 0}


def stateful_set_cells(stateful_set: KubeObject, now_ns: int) -> list[Json]:
    """Return a stateful set's cells."""
    spec, status = stateful_set["spec"], stateful_set.get("status", {})
    return [
        name_of(stateful_set),
        f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}",
        age(stateful_set, now_ns),
        *container_cells(spec["template"]["spec"]),
    ]


STATEFUL_SETS: Final = Resource(
    kind="StatefulSet",
    plural="statefulsets",
    group="apps",
    short_names=("sts",),
    categories=("all",),
    default=default_stateful_set,
    prepare=prepare_stateful_set,
    validate=validate_stateful_set,
    validate_create=validate_template_create,
    validate_update=validate_stateful_set_update,
    validate_status_update=validate_stateful_set_status_update,
    counts_generations=True,
    has_status=True,
    has_scale=True,
    columns=(NAME, *strings("Ready"), AGE, *wide("Containers", "Images")),
    cells=stateful_set_cells,
    lister="statefulSets",
    snapshot=SnapshotRules(default=nothing, validate=validate_owner_selector),
)
