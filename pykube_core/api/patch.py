"""Patches: JSON merge (RFC 7386), strategic merge, and JSON patch (RFC 6902).

Strategic merge knows which lists are merged, and by which key; that is part of the API's types
(``patchStrategy`` and ``patchMergeKey`` of ``k8s.io/api`` v0.36). The inputs are never changed.

Source: ``k8s.io/apimachinery/pkg/util/strategicpatch`` and ``github.com/evanphx/json-patch``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pykube_core.api.decoding import struct_of
from pykube_core.api.objects import Json, KubeObject

MERGE_PATCH: Final = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH: Final = "application/strategic-merge-patch+json"
JSON_PATCH: Final = "application/json-patch+json"

_DEPTH_MAX: Final = 100
_JSON_PATCH_OPERATIONS_MAX: Final = 10_000
ELEMENT_ORDER: Final = "$setElementOrder/"
DELETE_FROM: Final = "$deleteFromPrimitiveList/"
_POD_LISTS: Final = {
    "containers": "name", "initContainers": "name", "ephemeralContainers": "name",
    "volumes": "name", "imagePullSecrets": "name", "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey", "resourceClaims": "name",
    "schedulingGates": "name",
}  # fmt: skip
_CONTAINER_LISTS: Final = {
    "ports": "containerPort", "env": "name", "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
}  # fmt: skip
# The lists that are merged, by structure: the key of their items, "" for lists of plain values.
_MERGED: Final[Mapping[str, Mapping[str, str]]] = {
    "ObjectMeta": {"ownerReferences": "uid", "finalizers": ""},
    "PodSpec": _POD_LISTS,
    "Container": _CONTAINER_LISTS,
    "EphemeralContainer": _CONTAINER_LISTS,
    "PodStatus": {"conditions": "type", "podIPs": "ip", "hostIPs": "ip"},
    "NodeSpec": {"podCIDRs": ""},
    "NodeStatus": {"conditions": "type", "addresses": "type"},
    "NamespaceStatus": {"conditions": "type"},
    "DeploymentStatus": {"conditions": "type"},
    "ReplicaSetStatus": {"conditions": "type"},
    "DaemonSetStatus": {"conditions": "type"},
    "ServiceSpec": {"ports": "port"},
}


def merge_key(struct: str, field: str) -> str | None:
    """Return the key by which a list merges: "" for plain values, None for one that is replaced."""
    return _MERGED.get(struct, {}).get(field)


class PatchError(ValueError):
    """A patch cannot be read, or does not fit the object; the message is for the client."""


class PatchTestError(PatchError):
    """A JSON patch does not apply: a test failed, or a path leads nowhere."""


def merge_patch(target: Json, patch: Json, depth: int = 0) -> Json:
    """Return a value changed as a JSON merge patch says: null removes, objects merge."""
    if not isinstance(patch, dict):
        return patch
    if depth > _DEPTH_MAX:
        raise PatchError("patch is nested too deeply")
    out = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            out.pop(key, None)
        else:
            out[key] = merge_patch(out.get(key), value, depth + 1)
    return out


def strategic_merge_patch(kind: str, target: KubeObject, patch: Json) -> KubeObject:
    """Return an object changed as a strategic merge patch says.

    Parameters
    ----------
    kind : str
        Its kind, whose types say which lists are merged.

    Raises
    ------
    PatchError
        The patch is no object, has an unknown directive, or an item without its merge key.
    """
    if not isinstance(patch, dict):
        raise PatchError("cannot unmarshal a patch that is no object")
    return _merge_map(kind, target, patch, 0)


def _merge_map(struct: str, target: KubeObject, patch: KubeObject, depth: int) -> KubeObject:
    if depth > _DEPTH_MAX:
        raise PatchError("patch is nested too deeply")
    directive = patch.get("$patch")
    if directive == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"}
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise PatchError(f"Unrecognized directive: {directive}")
    out = dict(target)
    if "$retainKeys" in patch:
        kept = set(patch["$retainKeys"])
        out = {key: value for key, value in out.items() if key in kept}
    for key, value in patch.items():
        if key.startswith(DELETE_FROM):
            field = key.removeprefix(DELETE_FROM)
            out[field] = [item for item in out.get(field, ()) if item not in value]
        elif key.startswith(ELEMENT_ORDER):
            field = key.removeprefix(ELEMENT_ORDER)
            if field not in patch and field in out:
                out[field] = _merge_list(struct, field, out[field], [], value, depth)
        elif key in ("$patch", "$retainKeys"):
            continue
        elif value is None:
            out.pop(key, None)
        elif isinstance(value, dict):
            held = out.get(key)
            base = held if isinstance(held, dict) else {}
            out[key] = _merge_map(struct_of(struct, key), base, value, depth + 1)
        elif isinstance(value, list) and key in _MERGED.get(struct, ()):
            order = patch.get(ELEMENT_ORDER + key)
            out[key] = _merge_list(struct, key, out.get(key) or [], value, order, depth)
        else:
            out[key] = value
    return out


def _merge_list(
    struct: str, field: str, target: list[Json], patch: list[Json], order: Json, depth: int
) -> list[Json]:
    by = merge_key(struct, field)
    if by is None:
        return target
    if not by:
        merged = [*target, *(item for item in patch if item not in target)]
        return merged if order is None else _ordered(merged, target, order)
    if any(isinstance(item, dict) and item.get("$patch") == "replace" for item in patch):
        return [item for item in patch if item.get("$patch") != "replace"]
    inner = struct_of(struct, field)
    held: dict[Json, list[Json]] = {}  # Items may share a key; a patch means the first of them.
    for item in target:
        held.setdefault(item.get(by), []).append(item)
    for item in patch:
        if not isinstance(item, dict) or not isinstance(item.get(by), str | int):
            raise PatchError(f"map: {item} does not contain declared merge key: {by}")
        value = item[by]
        if item.get("$patch") == "delete":
            held.pop(value, None)
        else:
            group = held.setdefault(value, [{}])
            group[0] = _merge_map(inner, group[0], item, depth + 1)
    keys = list(held)
    if order is not None:
        wanted = dict.fromkeys(item.get(by) for item in order if isinstance(item, dict))
        keys = _ordered(keys, [item.get(by) for item in target], list(wanted))
    return [item for key in keys for item in held[key]]


def _ordered(values: list[Json], before: list[Json], order: list[Json]) -> list[Json]:
    """Return values in the patch's order; others stay behind the neighbour that they had."""
    out = [value for value in order if value in values]
    for index, value in enumerate(before):
        if value in values and value not in out:
            neighbours = [out.index(v) for v in before[:index] if v in out]
            out.insert(neighbours[-1] + 1 if neighbours else 0, value)
    return out + [value for value in values if value not in out]


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
