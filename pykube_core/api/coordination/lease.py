"""Leases."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery import names
from pykube_core.api.machinery.columns import AGE, NAME, age, strings
from pykube_core.api.machinery.field_errors import (
    NEGATIVE,
    FieldError,
    forbidden,
    invalid,
    invalid_each,
    not_supported,
)
from pykube_core.api.machinery.object_meta import validate_metadata
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource

# Upstream names the field twice.
_LEASE_STRATEGY: Final = "spec.strategy.strategy"


def validate_lease(lease: KubeObject) -> list[FieldError]:
    """Check a lease."""
    errors = validate_metadata(lease)
    spec = lease.get("spec", {})
    if spec.get("leaseDurationSeconds", 1) <= 0:
        path = "spec.leaseDurationSeconds"
        errors.append(invalid(path, spec["leaseDurationSeconds"], "must be greater than 0"))
    if spec.get("leaseTransitions", 0) < 0:
        errors.append(invalid("spec.leaseTransitions", spec["leaseTransitions"], NEGATIVE))
    strategy = spec.get("strategy")
    if strategy is not None and "/" in strategy:
        errors += invalid_each(_LEASE_STRATEGY, strategy, names.qualified_name(strategy))
    elif strategy is not None and strategy != "OldestEmulationVersion":
        errors.append(not_supported(_LEASE_STRATEGY, strategy, ("OldestEmulationVersion",)))
    if spec.get("preferredHolder") and not strategy:
        detail = "may only be specified if `strategy` is defined"
        errors.append(forbidden("spec.preferredHolder", detail))
    return errors


def lease_cells(lease: KubeObject, now_ns: int) -> list[Json]:
    """Return a lease's cells."""
    return [name_of(lease), lease.get("spec", {}).get("holderIdentity", ""), age(lease, now_ns)]


LEASES: Final = Resource(
    kind="Lease",
    plural="leases",
    group="coordination.k8s.io",
    validate=validate_lease,
    unconditional_update=False,
    create_on_update=True,
    single_writer=True,
    columns=(NAME, *strings("Holder"), AGE),
    cells=lease_cells,
)
