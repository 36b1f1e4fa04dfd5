"""Ingresses."""

from __future__ import annotations

from typing import Final

from pykube_core.api.core.service import load_balancer_text
from pykube_core.api.machinery.columns import AGE, NAME, NONE, age, strings
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.networking.ingress_validation import (
    validate_ingress,
    validate_ingress_create,
)

_HOSTS_MAX: Final = 3


def prepare_ingress(ingress: KubeObject) -> None:
    """Give a new ingress its first status, in place."""
    ingress["status"] = {"loadBalancer": {}}


def ingress_cells(ingress: KubeObject, now_ns: int) -> list[Json]:
    """Return an ingress's cells."""
    spec = ingress.get("spec", {})
    return [
        name_of(ingress),
        spec.get("ingressClassName", NONE),
        _hosts(spec.get("rules", [])),
        load_balancer_text(ingress),
        "80, 443" if spec.get("tls") else "80",
        age(ingress, now_ns),
    ]


def _hosts(rules: list[KubeObject]) -> str:
    """Return the first hosts; all rules behind the third host count as more."""
    listed: list[str] = []
    more = False
    for rule in rules:
        more = more or len(listed) == _HOSTS_MAX
        if not more and rule.get("host"):
            listed.append(rule["host"])
    text = ",".join(listed) or "*"
    return f"{text} + {len(rules) - _HOSTS_MAX} more..." if more else text


INGRESSES: Final = Resource(
    kind="Ingress",
    plural="ingresses",
    group="networking.k8s.io",
    short_names=("ing",),
    stored_as="ingress",
    prepare=prepare_ingress,
    validate=validate_ingress,
    validate_create=validate_ingress_create,
    counts_generations=True,
    has_status=True,
    columns=(NAME, *strings("Class", "Hosts", "Address", "Ports"), AGE),
    cells=ingress_cells,
)
