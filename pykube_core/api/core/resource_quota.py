"""Resource quotas."""

from __future__ import annotations

from typing import Final

from pykube_core.api.core.resource_lists import round_up
from pykube_core.api.machinery.columns import AGE, NAME, age, strings
from pykube_core.api.machinery.object_meta import validate_create, validate_namespaced
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource


def default_resource_quota(quota: KubeObject) -> None:
    """Round the amounts of a quota, in place."""
    round_up(quota.get("spec", {}).get("hard"))
    for field in ("hard", "used"):
        round_up(quota.get("status", {}).get(field))


def prepare_resource_quota(quota: KubeObject) -> None:
    """Give a new quota its first status, in place."""
    quota["status"] = {}


def resource_quota_cells(quota: KubeObject, now_ns: int) -> list[Json]:
    """Return a quota's cells: of each amount how much of it is used."""
    status = quota.get("status", {})
    used = status.get("used", {})
    texts: dict[bool, list[str]] = {False: [], True: []}
    for name, hard in sorted(status.get("hard", {}).items()):
        texts[name.startswith("limits.")].append(f"{name}: {used.get(name, '0')}/{hard}")
    requests, limits = (", ".join(texts[which]) for which in (False, True))
    return [name_of(quota), requests, limits, age(quota, now_ns)]


RESOURCE_QUOTAS: Final = Resource(
    kind="ResourceQuota",
    plural="resourcequotas",
    short_names=("quota",),
    default=default_resource_quota,
    prepare=prepare_resource_quota,
    validate=validate_namespaced,
    validate_create=validate_create,
    has_status=True,
    answers_with_object=True,
    columns=(NAME, *strings("Request", "Limit"), AGE),
    cells=resource_quota_cells,
)
