"""Replica sets."""

from __future__ import annotations

from typing import Final

from pykube_core.api.apps.workload import (
    validate_at_most_replicas,
    validate_counts,
    validate_status_counts,
    validate_workload,
    validate_workload_update,
)
from pykube_core.api.core.pod.template import (
    TEMPLATE_COLUMNS,
    set_template_defaults,
    template_cells,
    validate_owner_selector,
    validate_template,
    validate_template_create,
)
from pykube_core.api.machinery.columns import AGE, NAME, age, integers
from pykube_core.api.machinery.field_errors import FieldError
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource, SnapshotRules, nothing, selectable


def default_replica_set(replica_set: KubeObject) -> None:
    """Fill in a replica set's defaults, in place."""
    set_template_defaults(replica_set).setdefault("replicas", 1)


def prepare_replica_set(replica_set: KubeObject) -> None:
    """Give a new replica set its first status, in place."""
    replica_set["status"] = {"replicas": 0}


def validate_replica_set(replica_set: KubeObject) -> list[FieldError]:
    """Check a replica set and its pod template; the text is upstream's."""
    errors = validate_workload(replica_set, "empty selector is invalid for deployment")
    errors += validate_counts(replica_set["spec"], "replicas", "minReadySeconds")
    return errors + validate_template(replica_set["spec"], "ReplicaSet")


def validate_replica_set_status_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Check a replica set's counts."""
    fields = (
        "replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas",
        "observedGeneration", "terminatingReplicas",
    )  # fmt: skip
    errors = validate_status_counts(new, fields)
    return errors + validate_at_most_replicas(
        new, ("fullyLabeledReplicas", "readyReplicas", "availableReplicas")
    )


def replica_set_cells(replica_set: KubeObject, now_ns: int) -> list[Json]:
    """Return a replica set's cells."""
    spec, status = replica_set["spec"], replica_set.get("status", {})
    return [
        name_of(replica_set),
        spec.get("replicas", 0),
        status.get("replicas", 0),
        status.get("readyReplicas", 0),
        age(replica_set, now_ns),
        *template_cells(spec),
    ]


REPLICA_SETS: Final = Resource(
    kind="ReplicaSet",
    plural="replicasets",
    group="apps",
    short_names=("rs",),
    categories=("all",),
    default=default_replica_set,
    prepare=prepare_replica_set,
    validate=validate_replica_set,
    validate_create=validate_template_create,
    validate_update=validate_workload_update,
    validate_status_update=validate_replica_set_status_update,
    counts_generations=True,
    has_status=True,
    has_scale=True,
    columns=(NAME, *integers("Desired", "Current", "Ready"), AGE, *TEMPLATE_COLUMNS),
    cells=replica_set_cells,
    fields=selectable("status.replicas"),
    lister="replicaSets",
    snapshot=SnapshotRules(default=nothing, validate=validate_owner_selector),
)
