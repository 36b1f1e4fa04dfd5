"""API services: who serves a version of a group."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.columns import AGE, NAME, age, strings
from pykube_core.api.machinery.field_errors import FieldError, invalid
from pykube_core.api.machinery.names import path_segment
from pykube_core.api.machinery.object_meta import validate_metadata
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource


def prepare_api_service(service: KubeObject) -> None:
    """Give a new API service its first status, in place: what this server serves is available."""
    service["status"] = {}
    if "service" not in service.get("spec", {}):
        condition = {
            "type": "Available",
            "status": "True",
            "lastTransitionTime": service["metadata"]["creationTimestamp"],
            "reason": "Local",
            "message": "Local APIServices are always available",
        }
        service["status"]["conditions"] = [condition]


def default_api_service(service: KubeObject) -> None:
    """Fill in the port of the service behind an API service, in place."""
    behind = service.get("spec", {}).get("service")
    if behind is not None:
        behind.setdefault("port", 443)


def validate_api_service(service: KubeObject) -> list[FieldError]:
    """Check that an API service's name says what it serves."""
    errors = validate_metadata(service, path_segment, namespaced=False)
    spec = service.get("spec", {})
    required_name = f"{spec.get('version', '')}.{spec.get('group', '')}"
    if name_of(service) and name_of(service) != required_name:
        detail = f'must be `spec.version+"."+spec.group`: {required_name!r}'.replace("'", '"')
        errors.append(invalid("metadata.name", name_of(service), detail))
    return errors


def api_service_cells(service: KubeObject, now_ns: int) -> list[Json]:
    """Return an API service's cells."""
    behind, text = service.get("spec", {}).get("service"), "Local"
    if behind is not None:
        text = f"{behind.get('namespace', '')}/{behind.get('name', '')}"
    word = "Unknown"
    for condition in service.get("status", {}).get("conditions", ()):
        if condition.get("type") == "Available":
            word = condition.get("status", "")
            if word != "True":
                word += f" ({condition.get('reason', '')})"
    return [name_of(service), text, word, age(service, now_ns)]


API_SERVICES: Final = Resource(
    kind="APIService",
    plural="apiservices",
    group="apiregistration.k8s.io",
    categories=("api-extensions",),
    namespaced=False,
    stored_as="apiregistration.k8s.io/apiservices",
    default=default_api_service,
    prepare=prepare_api_service,
    validate=validate_api_service,
    name_rule=path_segment,
    has_status=True,
    unconditional_update=False,
    columns=(NAME, *strings("Service", "Available"), AGE),
    cells=api_service_cells,
)
