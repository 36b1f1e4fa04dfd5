"""Configurations of admission webhooks."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.columns import AGE, NAME, age, integers
from pykube_core.api.machinery.object_meta import validate_of_cluster
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource

_PORT: Final = 443
_TIMEOUT_SECONDS: Final = 10


def default_webhooks(configuration: KubeObject) -> None:
    """Fill in the defaults of webhooks, in place."""
    for webhook in configuration.get("webhooks", ()):
        webhook.setdefault("failurePolicy", "Fail")
        webhook.setdefault("matchPolicy", "Equivalent")
        webhook.setdefault("namespaceSelector", {})
        webhook.setdefault("objectSelector", {})
        webhook.setdefault("timeoutSeconds", _TIMEOUT_SECONDS)
        for rule in webhook.get("rules", ()):
            rule.setdefault("scope", "*")
        service = webhook.get("clientConfig", {}).get("service")
        if service is not None:
            service.setdefault("port", _PORT)


def default_mutating_webhooks(configuration: KubeObject) -> None:
    """Fill in the defaults of webhooks that change objects, in place."""
    default_webhooks(configuration)
    for webhook in configuration.get("webhooks", ()):
        webhook.setdefault("reinvocationPolicy", "Never")


def webhook_cells(configuration: KubeObject, now_ns: int) -> list[Json]:
    """Return a configuration's cells."""
    count = len(configuration.get("webhooks", ()))
    return [name_of(configuration), count, age(configuration, now_ns)]


_COLUMNS: Final = (NAME, *integers("Webhooks"), AGE)

MUTATING_WEBHOOK_CONFIGURATIONS: Final = Resource(
    kind="MutatingWebhookConfiguration",
    plural="mutatingwebhookconfigurations",
    group="admissionregistration.k8s.io",
    categories=("api-extensions",),
    namespaced=False,
    default=default_mutating_webhooks,
    validate=validate_of_cluster,
    counts_generations=True,
    unconditional_update=False,
    columns=_COLUMNS,
    cells=webhook_cells,
)
VALIDATING_WEBHOOK_CONFIGURATIONS: Final = Resource(
    kind="ValidatingWebhookConfiguration",
    plural="validatingwebhookconfigurations",
    group="admissionregistration.k8s.io",
    categories=("api-extensions",),
    namespaced=False,
    default=default_webhooks,
    validate=validate_of_cluster,
    counts_generations=True,
    unconditional_update=False,
    columns=_COLUMNS,
    cells=webhook_cells,
)
