"""Migrations of what is stored to another version."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.columns import strings
from pykube_core.api.machinery.object_meta import validate_of_cluster
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource

_STATES: Final = ("Running", "Failed", "Succeeded")


def prepare_storage_version_migration(migration: KubeObject) -> None:
    """Give a new migration its first status, in place."""
    migration["status"] = {}


def storage_version_migration_cells(migration: KubeObject, now_ns: int) -> list[Json]:
    """Return a migration's cells."""
    resource = migration.get("spec", {}).get("resource", {})
    parts = filter(None, (resource.get("resource"), resource.get("group")))
    state = "Unknown"
    for condition in migration.get("status", {}).get("conditions", ()):
        if condition.get("status") == "True" and condition.get("type") in _STATES:
            state = condition["type"]
    return [name_of(migration), ".".join(parts), state]


STORAGE_VERSION_MIGRATIONS: Final = Resource(
    kind="StorageVersionMigration",
    plural="storageversionmigrations",
    group="storagemigration.k8s.io",
    namespaced=False,
    prepare=prepare_storage_version_migration,
    validate=validate_of_cluster,
    has_status=True,
    unconditional_update=False,
    columns=strings("Name", "Resource", "Status"),
    cells=storage_version_migration_cells,
)
