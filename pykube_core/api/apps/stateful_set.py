"""Stateful sets, as far as scheduling reads them."""

from __future__ import annotations

from typing import Final

from pykube_core.api.apps.workload import validate_workload
from pykube_core.api.core.pod.template import validate_owner_selector
from pykube_core.api.machinery.field_errors import FieldError
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.registry import Resource, SnapshotRules


def validate_stateful_set(stateful_set: KubeObject) -> list[FieldError]:
    """Check a stateful set's selector against its template."""
    return validate_workload(stateful_set, "empty selector is invalid for statefulset")


STATEFUL_SETS: Final = Resource(
    kind="StatefulSet",
    plural="statefulsets",
    group="apps",
    served=False,
    validate=validate_stateful_set,
    lister="statefulSets",
    snapshot=SnapshotRules(validate=validate_owner_selector),
)
