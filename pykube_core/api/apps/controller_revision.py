"""Controller revisions: the states that a workload had."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.columns import AGE, NAME, NONE, age, strings
from pykube_core.api.machinery.equality import means_the_same
from pykube_core.api.machinery.field_errors import (
    IMMUTABLE,
    NEGATIVE,
    FieldError,
    invalid,
    required,
)
from pykube_core.api.machinery.object_meta import validate_create, validate_metadata
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource


def validate_controller_revision(revision: KubeObject) -> list[FieldError]:
    """Check a revision."""
    errors = validate_metadata(revision)
    if revision.get("data") is None:
        errors.append(required("data", "data is mandatory"))
    number = revision.get("revision", 0)
    return errors + ([invalid("revision", number, NEGATIVE)] if number < 0 else [])


def validate_controller_revision_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse other data of a revision."""
    data, was = new.get("data"), old.get("data")
    same = means_the_same("apps.v1.ControllerRevision", {"data": data}, {"data": was})
    return [] if same else [invalid("data", data, IMMUTABLE)]


def controller_revision_cells(revision: KubeObject, now_ns: int) -> list[Json]:
    """Return a revision's cells."""
    text = NONE
    for owner in revision["metadata"].get("ownerReferences", ()):
        if owner.get("controller"):
            group = owner.get("apiVersion", "").rpartition("/")[0]
            kind = owner.get("kind", "") + (f".{group}" if group else "")
            text = f"{kind.lower()}/{owner.get('name', '')}"
    number = revision.get("revision", 0)
    return [name_of(revision), text, number, age(revision, now_ns)]


CONTROLLER_REVISIONS: Final = Resource(
    kind="ControllerRevision",
    plural="controllerrevisions",
    group="apps",
    validate=validate_controller_revision,
    validate_create=validate_create,
    validate_update=validate_controller_revision_update,
    columns=(NAME, *strings("Controller", "Revision"), AGE),
    cells=controller_revision_cells,
)
