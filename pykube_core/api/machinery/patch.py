"""Patches that know no types: JSON merge (RFC 7386) and JSON patch (RFC 6902).

The inputs are never changed. Source: ``github.com/evanphx/json-patch``.
"""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.objects import Json
from pykube_core.api.machinery.strategic_merge import DEPTH_MAX, PatchError

MERGE_PATCH: Final = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH: Final = "application/strategic-merge-patch+json"
JSON_PATCH: Final = "application/json-patch+json"

_JSON_PATCH_OPERATIONS_MAX: Final = 10_000


class PatchTestError(PatchError):
    """A JSON patch does not apply: a test failed, or a path leads nowhere."""


def merge_patch(target: Json, patch: Json, depth: int = 0) -> Json:
    """Return a value changed as a JSON merge patch says: null removes, objects merge."""
    if not isinstance(patch, dict):
        return patch
    if depth > DEPTH_MAX:
        raise PatchError("patch is nested too deeply")
    out = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            out.pop(key, None)
        else:
            out[key] = merge_patch(out.get(key), value, depth + 1)
    return out


def json_patch(target: Json, patch: Json) -> Json:
    """Return a value changed by the operations of a JSON patch, all or none.

    Raises
    ------
    PatchTestError
        An operation does not apply.
    PatchError
        The patch is none.
    """
    if not isinstance(patch, list) or not all(isinstance(item, dict) for item in patch):
        raise PatchError("error decoding patch: a JSON patch is a list of operations")
    if len(patch) > _JSON_PATCH_OPERATIONS_MAX:
        raise PatchError(
            f"The allowed maximum operations in a JSON patch is {_JSON_PATCH_OPERATIONS_MAX}, "
            f"got {len(patch)}"
        )
    out = _copied(target)
    for item in patch:
        operation, path = item.get("op"), _pointer(item.get("path"))
        match operation:
            case "add" | "replace" | "test" if "value" in item:
                value = _copied(item["value"])
            case "move" | "copy":
                value = _copied(_look_up(out, _pointer(item.get("from"))))
            case "remove":
                value = None
            case _:
                raise PatchError(f"error decoding patch: bad operation {operation!r}")
        if operation == "test":
            if _look_up(out, path) != value:
                raise PatchTestError(f"testing value {item['path']} failed")
            continue
        if operation == "move":
            out = _changed(out, _pointer(item["from"]), "remove", None)
        out = _changed(out, path, operation, value)
    return out


def _copied(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _pointer(text: Json) -> list[str]:
    if not isinstance(text, str) or (text and not text.startswith("/")):
        raise PatchError(f"error decoding patch: bad path {text!r}")
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _look_up(value: Json, path: list[str]) -> Json:
    for part in path:
        value = value[_place(value, part, len(value) - 1 if isinstance(value, list) else 0)]
    return value


def _place(holder: Json, part: str, index_max: int) -> Json:
    """Return the key or index that a part of a path means in an object or a list."""
    if isinstance(holder, dict):
        if part in holder:
            return part
    elif isinstance(holder, list) and part.isascii() and part.isdigit() and len(part) < 10:
        if int(part) <= index_max:
            return int(part)
    raise PatchTestError(f"path {part!r} does not exist")


def _changed(root: Json, path: list[str], operation: str, value: Json) -> Json:
    """Carry out one operation in place, and return the root, which may be another."""
    if not path:
        return value
    holder, part = _look_up(root, path[:-1]), path[-1]
    adds = operation in ("add", "move", "copy")
    if adds and isinstance(holder, dict):
        holder[part] = value
    elif adds and isinstance(holder, list):
        at = len(holder) if part == "-" else _place(holder, part, len(holder))
        holder.insert(at, value)
    else:
        place = _place(holder, part, len(holder) - 1 if isinstance(holder, list) else 0)
        if operation == "remove":
            del holder[place]
        else:
            holder[place] = value
    return root
