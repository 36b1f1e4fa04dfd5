"""The way of every object into the program: decoded, given its defaults, and checked.

There are three ways in, and each is a `Mode` of the same steps, `read`, `complete` and `check`:

===============  ===================  ==================  ====================  =============
mode             unknown fields       defaults            rules                 refusal
===============  ===================  ==================  ====================  =============
``SERVER``       as the request says  all                 all, and of creation  `StatusError`
``SNAPSHOT``     dropped              read by scheduling  read by scheduling    `InputError`
``HANDWRITTEN``  refused              read by scheduling  read by scheduling    `InputError`
===============  ===================  ==================  ====================  =============

Objects of a snapshot come from an API server, perhaps a newer one, and may hold fields that are not
known here. In an object that was written by hand such a field is an error, so that a misspelt
``nodeSelecter`` does not pass in silence.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from pykube_core.api.builtin import SCHEDULED
from pykube_core.api.machinery.decoding import DecodeError, decode, decode_json
from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.field_errors import invalid_text
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.selectors import SelectorError
from pykube_core.api.machinery.status import bad_request, invalid

_STRICT: Final = "strict decoding error: "
_CLUSTER_SCOPED: Final = {kind for kind, resource in SCHEDULED.items() if not resource.namespaced}


class Mode(Enum):
    """Where an object comes from."""

    SERVER = auto()
    SNAPSHOT = auto()
    HANDWRITTEN = auto()


def label_of(kind: str, obj: Json) -> str:
    """Return "Kind namespace/name", "Kind name" or "Kind" of any JSON value, for messages."""
    metadata = obj.get("metadata") if isinstance(obj, dict) else None
    if not isinstance(metadata, dict):
        return kind
    name, namespace = metadata.get("name"), metadata.get("namespace")
    if not name or not isinstance(name, str):
        return kind
    if kind in _CLUSTER_SCOPED or not isinstance(namespace or "", str):
        return f"{kind} {name}"
    return f"{kind} {namespace or 'default'}/{name}"


def take_in(resource: Resource, given: Json | bytes, mode: Mode, label: str = "") -> KubeObject:
    """Return an object of a snapshot, or one written by hand, as scheduling may read it: a copy.

    Parameters
    ----------
    given : object
        A decoded JSON value, or JSON text.
    label : str
        Names the object in an error; by default its own `label_of`.

    Raises
    ------
    InputError
        Naming object and field; its reason is an API server's message.
    """
    label = label or label_of(resource.kind, given)
    obj = read(resource, given, mode, label=label)
    metadata = obj.setdefault("metadata", {})
    if not metadata.get("name"):
        raise InputError("Required value", field="metadata.name")
    metadata.pop("managedFields", None)
    if resource.namespaced:
        metadata["namespace"] = metadata.get("namespace") or "default"
    complete(resource, obj, mode)
    check(resource, obj, mode, label=label)
    return obj


def read(
    resource: Resource,
    given: Json | bytes,
    mode: Mode,
    *,
    label: str = "",
    field_validation: str = "Strict",
    warnings: list[str] | None = None,
) -> KubeObject:
    """Return a JSON value, or JSON text, decoded as an object of the resource; a copy.

    An object that was written by hand also gets those additions of its creation that scheduling
    reads; one that is sent to the server has a kind, a version and metadata.

    Parameters
    ----------
    label : str
        Names the object in an `InputError`.
    field_validation : str
        The treatment of unknown fields that a request asks the server for: "Strict" refuses, "Warn"
        adds to ``warnings``, "Ignore" drops them.

    Raises
    ------
    StatusError
        400: it is no such object.
    InputError
        The same, of an object that is not sent to the server.
    """
    if mode is Mode.SERVER:
        return _read_request(resource, given, field_validation, warnings)
    by_hand = mode is Mode.HANDWRITTEN
    try:
        if isinstance(given, bytes):
            obj = decode_json(resource.struct, given)
        else:
            obj = decode(resource.struct, given, strict=by_hand)
    except DecodeError as error:
        field = error.fields[0] if error.fields else ""
        raise InputError(str(error), object=label, field=field) from None
    if by_hand:
        resource.snapshot.prepare_by_hand(obj)
    return obj


def complete(resource: Resource, obj: KubeObject, mode: Mode) -> None:
    """Fill in the defaults of a decoded object, in place; again without effect."""
    default = None if mode is Mode.SERVER else resource.snapshot.default
    (default or resource.default)(obj)


def check(resource: Resource, obj: KubeObject, mode: Mode, *, label: str = "") -> None:
    """Refuse an object that breaks rules; it is decoded and has its defaults.

    Raises
    ------
    StatusError
        422.
    InputError
        The same, of an object that is not sent to the server; its field is the first that is wrong.
    """
    if mode is Mode.SERVER:
        errors = resource.validate(obj) + resource.validate_create(obj)
        if errors:
            raise invalid(resource, name_of(obj), errors)
        return
    try:
        errors = (resource.snapshot.validate or resource.validate)(obj)
    except SelectorError as error:
        raise InputError(str(error), object=label, field="spec.selector") from None
    if errors:
        reason = invalid_text(resource.qualified_kind, name_of(obj), errors)
        raise InputError(reason, object=label, field=errors[0].field)


def _read_request(
    resource: Resource, obj: Json, field_validation: str, warnings: list[str] | None
) -> KubeObject:
    if isinstance(obj, dict):
        kind, version = obj.get("kind") or resource.kind, obj.get("apiVersion")
        if kind != resource.kind or version not in (None, "", resource.api_version):
            text = f'{kind} in version "{version}" cannot be handled as a {resource.kind}'
            raise bad_request(text)
    try:
        out = decode(resource.struct, obj)
    except DecodeError as error:
        if field_validation == "Strict" or not error.fields:
            raise bad_request(str(error)) from None
        if field_validation == "Warn" and warnings is not None:
            warnings += error.detail.removeprefix(_STRICT).split(", ")
        out = decode(resource.struct, obj, strict=False)
    return {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": {}} | out
