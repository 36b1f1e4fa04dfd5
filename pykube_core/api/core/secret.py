"""Secrets."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import Final

from pykube_core.api.core.config_map import validate_data_key
from pykube_core.api.machinery.columns import AGE, NAME, age, strings
from pykube_core.api.machinery.field_errors import (
    IMMUTABLE,
    FieldError,
    forbidden,
    invalid,
    required,
    too_long,
)
from pykube_core.api.machinery.object_meta import validate_create, validate_metadata
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource, selectable

_SECRET_BYTES_MAX: Final = 1 << 20
_OPAQUE: Final = "Opaque"
_TOKEN: Final = "kubernetes.io/service-account-token"
_ACCOUNT: Final = "kubernetes.io/service-account.name"
_JSON_KEYS: Final = {
    "kubernetes.io/dockercfg": ".dockercfg",
    "kubernetes.io/dockerconfigjson": ".dockerconfigjson",
}
_REDACTED: Final = "<secret contents redacted>"


def default_secret(secret: KubeObject) -> None:
    """Fill in a secret's type, and take its texts in among its data, in place."""
    secret.setdefault("type", _OPAQUE)
    texts = secret.pop("stringData", None)
    if texts:
        data = secret.setdefault("data", {})
        for key, text in texts.items():
            data[key] = b64encode(text.encode(errors="replace")).decode()


def validate_secret(secret: KubeObject) -> list[FieldError]:
    """Check a secret's keys, its size, and the data that go with its type."""
    errors = validate_metadata(secret)
    data = secret.get("data", {})
    for key in data:
        errors += validate_data_key(key, f"data[{key}]")
    if sum(len(b64decode(value)) for value in data.values()) > _SECRET_BYTES_MAX:
        errors.append(too_long("data", _SECRET_BYTES_MAX))
    return errors + _validate_type(secret, data)


def _validate_type(secret: KubeObject, data: KubeObject) -> list[FieldError]:
    kind = secret.get("type")
    if kind in _JSON_KEYS:
        return _validate_json(data, _JSON_KEYS[kind])
    missing: list[str] = []
    match kind:
        case value if value == _TOKEN:
            if not secret["metadata"].get("annotations", {}).get(_ACCOUNT):
                return [required(f"metadata.annotations[{_ACCOUNT}]")]
        case "kubernetes.io/basic-auth":
            names = ["username", "password"]
            missing = [] if any(name in data for name in names) else names
        case "kubernetes.io/ssh-auth":
            missing = [] if data.get("ssh-privatekey") else ["ssh-privatekey"]
        case "kubernetes.io/tls":
            missing = [name for name in ("tls.crt", "tls.key") if name not in data]
    return [required(f"data[{name}]") for name in missing]


def _validate_json(data: KubeObject, key: str) -> list[FieldError]:
    if key not in data:
        return [required(f"data[{key}]")]
    try:
        held = json.loads(b64decode(data[key]))
    except (ValueError, RecursionError):
        return [invalid(f"data[{key}]", _REDACTED, "invalid JSON")]
    if isinstance(held, dict) or held is None:
        return []
    detail = "json: cannot unmarshal into Go value of type map[string]interface {}"
    return [invalid(f"data[{key}]", _REDACTED, detail)]


def validate_secret_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse another type, and changes of a secret that is immutable."""
    errors: list[FieldError] = []
    if new.get("type") != old.get("type"):
        errors.append(invalid("type", new.get("type", ""), IMMUTABLE))
    if not old.get("immutable"):
        return errors
    detail = "field is immutable when `immutable` is set"
    if not new.get("immutable"):
        errors.append(forbidden("immutable", detail))
    if new.get("data", {}) != old.get("data", {}):
        errors.append(forbidden("data", detail))
    return errors


def secret_cells(secret: KubeObject, now_ns: int) -> list[Json]:
    """Return a secret's cells."""
    return [
        name_of(secret), secret.get("type", ""), len(secret.get("data", ())), age(secret, now_ns)
    ]  # fmt: skip


SECRETS: Final = Resource(
    kind="Secret",
    plural="secrets",
    default=default_secret,
    validate=validate_secret,
    validate_create=validate_create,
    validate_update=validate_secret_update,
    columns=(NAME, *strings("Type", "Data"), AGE),
    cells=secret_cells,
    fields=selectable("type"),
)
