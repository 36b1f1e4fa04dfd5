"""Config maps."""

from __future__ import annotations

import re
from base64 import b64decode
from typing import Final

from pykube_core.api.machinery import names
from pykube_core.api.machinery.columns import AGE, NAME, age, strings
from pykube_core.api.machinery.field_errors import FieldError, forbidden, invalid
from pykube_core.api.machinery.object_meta import validate_create, validate_metadata
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource

_CONFIG_KEY_RE: Final = re.compile("[-._a-zA-Z0-9]+")
_CONFIG_KEY_TEXT: Final = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' "
    "(e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is "
    "'[-._a-zA-Z0-9]+')"
)
_CONFIG_BYTES_MAX: Final = 1 << 20


def validate_config_map(config_map: KubeObject) -> list[FieldError]:
    """Check a config map's keys and size."""
    errors = validate_metadata(config_map)
    data, binary = config_map.get("data", {}), config_map.get("binaryData", {})
    for field, keys in (("data", data), ("binaryData", binary)):
        for key in keys:
            errors += validate_data_key(key, f"{field}[{key}]")
            if field == "binaryData" and key in data:
                errors.append(invalid(f"data[{key}]", key, f"duplicate of key present in {field}"))
    size_bytes = sum(len(v.encode(errors="replace")) for v in data.values())
    size_bytes += sum(len(b64decode(v)) for v in binary.values())
    if size_bytes > _CONFIG_BYTES_MAX:
        body = f"Too long: may not be more than {_CONFIG_BYTES_MAX} bytes"
        errors.append(FieldError("FieldValueTooLong", "", body))
    return errors


def validate_data_key(key: str, path: str) -> list[FieldError]:
    """Check a key of the data of a config map or a secret, which may become a file's name."""
    errors: list[FieldError] = []
    if len(key) > names.SUBDOMAIN_LENGTH_MAX:
        detail = f"must be no more than {names.SUBDOMAIN_LENGTH_MAX} characters"
        errors.append(invalid(path, key, detail))
    if not _CONFIG_KEY_RE.fullmatch(key):
        errors.append(invalid(path, key, _CONFIG_KEY_TEXT))
    elif key in (".", "..") or key.startswith(".."):
        rule = "be" if key in (".", "..") else "start with"
        shown = key if key in (".", "..") else ".."
        errors.append(invalid(path, key, f"must not {rule} '{shown}'"))
    return errors


def validate_config_map_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse changes of a config map that is immutable."""
    if not old.get("immutable"):
        return []
    detail = "field is immutable when `immutable` is set"
    errors = [] if new.get("immutable") else [forbidden("immutable", detail)]
    for field in ("data", "binaryData"):
        if new.get(field, {}) != old.get(field, {}):
            errors.append(forbidden(field, detail))
    return errors


def config_map_cells(config_map: KubeObject, now_ns: int) -> list[Json]:
    """Return a config map's cells."""
    count = len(config_map.get("data", ())) + len(config_map.get("binaryData", ()))
    return [name_of(config_map), count, age(config_map, now_ns)]


CONFIG_MAPS: Final = Resource(
    kind="ConfigMap",
    plural="configmaps",
    short_names=("cm",),
    validate=validate_config_map,
    validate_create=validate_create,
    validate_update=validate_config_map_update,
    columns=(NAME, *strings("Data"), AGE),
    cells=config_map_cells,
)
