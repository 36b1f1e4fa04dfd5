"""From an object as a user wrote it to one that a scheduler may read, or a clear error."""

from __future__ import annotations

from pykube_core.api.defaults import merge_label_keys, set_defaults
from pykube_core.api.machinery.decoding import DecodeError, decode
from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.objects import CLUSTER_SCOPED, Json, KubeObject, label_of
from pykube_core.api.validation import KINDS, invalid_message, validate


def admit(kind: str, obj: Json, source: str | None = None) -> KubeObject:
    """Decode strictly, fill in defaults and validate, as an API server does on creation.

    Parameters
    ----------
    kind : str
        A kind that scheduling reads, such as "Pod".
    obj : object
        A decoded JSON value; it is not changed.
    source : str, optional
        Where it came from, for the error.

    Returns
    -------
    dict
        A copy without nulls, with defaults; a namespaced object has a namespace ("default").

    Raises
    ------
    InputError
        Its reason is the message of the API server; its field is the first that is wrong.
    KeyError
        When the kind is none that scheduling reads.
    """
    if kind not in KINDS:
        raise KeyError(kind)
    try:
        decoded = decode(kind, obj)
    except DecodeError as error:
        field = error.fields[0] if error.fields else ""
        raise InputError(
            str(error), source=source, object=label_of(kind, obj), field=field
        ) from None
    if kind not in CLUSTER_SCOPED:
        metadata = decoded.setdefault("metadata", {})
        metadata["namespace"] = metadata.get("namespace") or "default"
    set_defaults(kind, decoded)
    if kind == "Pod":
        merge_label_keys(decoded)
    errors = validate(kind, decoded)
    if errors:
        reason = invalid_message(kind, decoded, errors)
        label, field = label_of(kind, decoded), errors[0].field
        raise InputError(reason, source=source, object=label, field=field)
    return decoded
