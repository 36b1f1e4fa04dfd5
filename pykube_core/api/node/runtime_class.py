"""Runtime classes."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery import names
from pykube_core.api.machinery.columns import AGE, NAME, age, strings
from pykube_core.api.machinery.field_errors import IMMUTABLE, FieldError, invalid, invalid_each
from pykube_core.api.machinery.object_meta import validate_create, validate_metadata
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource


def validate_runtime_class(runtime_class: KubeObject) -> list[FieldError]:
    """Check a runtime class's handler."""
    errors = validate_metadata(runtime_class, namespaced=False)
    handler = runtime_class.get("handler", "")
    return errors + invalid_each("handler", handler, names.dns_label(handler))


def validate_runtime_class_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse another handler."""
    handler = new.get("handler", "")
    return [] if handler == old.get("handler") else [invalid("handler", handler, IMMUTABLE)]


def runtime_class_cells(runtime_class: KubeObject, now_ns: int) -> list[Json]:
    """Return a runtime class's cells."""
    return [name_of(runtime_class), runtime_class.get("handler", ""), age(runtime_class, now_ns)]


RUNTIME_CLASSES: Final = Resource(
    kind="RuntimeClass",
    plural="runtimeclasses",
    group="node.k8s.io",
    namespaced=False,
    validate=validate_runtime_class,
    validate_create=validate_create,
    validate_update=validate_runtime_class_update,
    unconditional_update=False,
    create_on_update=True,
    columns=(NAME, *strings("Handler"), AGE),
    cells=runtime_class_cells,
)
