"""The group storagemigration.k8s.io."""

from __future__ import annotations

from typing import Final

from pykube_core.api.storagemigration.storage_version_migration import (
    STORAGE_VERSION_MIGRATIONS as STORAGE_VERSION_MIGRATIONS,
)

RESOURCES: Final = (STORAGE_VERSION_MIGRATIONS,)
