"""Health: ``/healthz``, ``/livez``, ``/readyz`` and each of their checks.

Source: ``k8s.io/apiserver/pkg/server/healthz`` v0.37.2. Checks of parts that a control plane in one
process does not have pass, so that a client that asks for them by name gets its answer.
"""

from __future__ import annotations

from typing import Final

from pykube_core.apiserver.endpoints.message import (
    NOT_FOUND,
    Request,
    Response,
    text_response,
)
from pykube_core.apiserver.endpoints.options import Query

_HOOKS: Final = (
    "start-apiserver-admission-initializer",
    "generic-apiserver-start-informers",
    "priority-and-fairness-config-consumer",
    "priority-and-fairness-filter",
    "storage-object-count-tracker-hook",
    "start-apiextensions-informers",
    "start-apiextensions-controllers",
    "crd-informer-synced",
    "start-system-namespaces-controller",
    "peer-endpoint-reconciler-controller",
    "start-cluster-authentication-info-controller",
    "start-kube-apiserver-identity-lease-controller",
    "start-kube-apiserver-identity-lease-garbage-collector",
    "storage-readiness",
    "start-legacy-token-tracking-controller",
    "start-service-ip-repair-controllers",
    "rbac/bootstrap-roles",
    "scheduling/bootstrap-system-priority-classes",
    "priority-and-fairness-config-producer",
    "bootstrap-controller",
    "start-kubernetes-service-cidr-controller",
    "aggregator-reload-proxy-client-cert",
    "start-kube-aggregator-informers",
    "apiservice-status-local-available-controller",
    "apiservice-status-remote-available-controller",
    "apiservice-registration-controller",
    "apiservice-discovery-controller",
    "kube-apiserver-autoregistration",
)
_FIRST: Final = {
    "healthz": ("ping", "log", "loopback-serving-certificate", "etcd"),
    "livez": ("ping", "log", "loopback-serving-certificate", "etcd"),
    "readyz": ("ping", "log", "etcd", "etcd-readiness", "informer-sync"),
}
_LAST: Final = (
    "autoregister-completion",
    "poststarthook/apiservice-openapi-controller",
    "poststarthook/apiservice-openapiv3-controller",
)


def checks_of(kind: str) -> tuple[str, ...]:
    """Return the checks of one of the three paths, in their order."""
    checks = (*_FIRST[kind], *(f"poststarthook/{hook}" for hook in _HOOKS), *_LAST)
    return (*checks, "shutdown") if kind == "readyz" else checks


def health_paths() -> list[str]:
    """Return the paths of all checks, and of the three together."""
    paths = [f"/{kind}/{check}" for kind in _FIRST for check in checks_of(kind)]
    return [*(f"/{kind}" for kind in _FIRST), *paths]


def health(request: Request) -> Response:
    """Answer a request below one of the three paths."""
    kind, _, name = request.path.strip("/").partition("/")
    checks = checks_of(kind)
    if name:
        return text_response("ok") if name in checks else NOT_FOUND
    query = Query(request)
    excluded = query.texts("exclude")
    lines = [
        f"[+]{check} excluded: ok" if check in excluded else f"[+]{check} ok" for check in checks
    ]
    if not query.has("verbose"):
        return text_response("ok")
    unknown = [name for name in excluded if name not in checks]
    if unknown:
        named = ",".join(f'"{name}"' for name in unknown)
        lines.append(f"warn: some health checks cannot be excluded: no matches for {named}")
    return text_response("\n".join([*lines, f"{kind} check passed"]) + "\n")
