"""Names and lists of resources, and the requests of all containers of a pod together.

Source: ``k8s.io/kubernetes/pkg/apis/core/helper`` and ``k8s.io/component-helpers/resource``,
v1.34.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from pykube_core.api.machinery.names import qualified_name
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.quantity import Quantity, QuantityError, parse_quantity

Quantities = dict[str, Quantity]

HUGE_PAGES_PREFIX: Final = "hugepages-"
POD_LEVEL: Final = ("cpu", "memory")

_CONTAINER: Final = frozenset({"cpu", "memory", "ephemeral-storage"})
_INTEGER: Final = frozenset(
    "pods resourcequotas services replicationcontrollers secrets configmaps "
    "persistentvolumeclaims services.nodeports services.loadbalancers".split()
)
_STANDARD: Final = (
    _CONTAINER
    | _INTEGER
    | {"storage", "requests.storage"}
    | {f"{kind}.{name}" for kind in ("requests", "limits") for name in _CONTAINER}
)


def is_huge_page(name: str) -> bool:
    """Say whether the name is of pages of one size, such as ``hugepages-2Mi``."""
    return name.startswith(HUGE_PAGES_PREFIX)


def is_native(name: str) -> bool:
    """Say whether the name is Kubernetes' own: without a prefix, or in kubernetes.io."""
    return "/" not in name or "kubernetes.io/" in name


def is_extended(name: str) -> bool:
    """Say whether the name is that of a device or the like, counted in whole things."""
    if is_native(name) or name.startswith("requests."):
        return False
    return not qualified_name(f"requests.{name}")


def is_standard(name: str) -> bool:
    """Say whether a name without a prefix is known to the system."""
    return name in _STANDARD or is_huge_page(name) or name.startswith("requests.hugepages-")


def is_standard_for_containers(name: str) -> bool:
    """Say whether a name without a prefix may stand in a container's resources."""
    return name in _CONTAINER or is_huge_page(name)


def is_integer(name: str) -> bool:
    """Say whether the resource comes in whole units alone."""
    return name in _INTEGER or is_extended(name)


def may_overcommit(name: str) -> bool:
    """Say whether a limit may be above its request."""
    return is_native(name) and not is_huge_page(name)


def is_pod_level(name: str) -> bool:
    """Say whether the resource may stand in ``spec.resources`` of a pod."""
    return name in POD_LEVEL or is_huge_page(name)


def is_whole_pages(name: str, quantity: Quantity) -> bool:
    """Say whether a quantity of huge pages is a whole number of its pages."""
    try:
        page = parse_quantity(name.removeprefix(HUGE_PAGES_PREFIX))
    except QuantityError:
        return False
    return page.nano > 0 and page.nano % 10**9 == 0 and quantity.value() % page.value() == 0


def quantities(resource_list: KubeObject | None) -> Quantities:
    """Return a resource list parsed.

    Raises
    ------
    QuantityError
        When a value is no quantity.
    """
    return {name: parse_quantity(value) for name, value in (resource_list or {}).items()}


def aggregate(spec: KubeObject, kind: Literal["requests", "limits"] = "requests") -> Quantities:
    """Return what all containers of a pod ask for at the worst moment.

    Containers and sidecars run together; an init container runs with the sidecars before it.
    """
    total = _sum(_of(container, kind) for container in spec.get("containers") or ())
    sidecars: Quantities = {}
    init: Quantities = {}
    for container in spec.get("initContainers") or ():
        own = _of(container, kind)
        if container.get("restartPolicy") == "Always":
            total, sidecars = _sum((total, own)), _sum((sidecars, own))
            init = _max(init, sidecars)
        else:
            init = _max(init, _sum((own, sidecars)))
    return _max(total, init)


def _of(container: KubeObject, kind: str) -> Quantities:
    return quantities((container.get("resources") or {}).get(kind))


def _sum(lists: Iterable[Quantities]) -> Quantities:
    total: Quantities = {}
    for items in lists:
        for name, quantity in items.items():
            total[name] = total[name] + quantity if name in total else quantity
    return total


def _max(left: Quantities, right: Quantities) -> Quantities:
    out = dict(left)
    for name, quantity in right.items():
        if name not in out or out[name] < quantity:
            out[name] = quantity
    return out


_MILLI_NANO: Final = 10**6


def round_up(resource_list: KubeObject | None) -> None:
    """Round quantities up to thousandths, away from zero, as upstream stores them, in place."""
    for name, value in (resource_list or {}).items():
        quantity = parse_quantity(value)
        if quantity.nano % _MILLI_NANO and resource_list is not None:
            steps = -(-abs(quantity.nano) // _MILLI_NANO)
            nano = steps * _MILLI_NANO * (1 if quantity.nano > 0 else -1)
            resource_list[name] = str(Quantity(nano, quantity.format))


def round_up_resources(holder: KubeObject) -> None:
    """Round requests and limits up, in place."""
    resources = holder.get("resources", {})
    round_up(resources.get("limits"))
    round_up(resources.get("requests"))
