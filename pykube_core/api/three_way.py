"""The patch of ``kubectl apply``: what changed in a file, laid over what the server has by now.

Three states of an object: *original*, as it was applied last; *modified*, as it is in the file
now; *current*, as it is on the server. What the file has and the server has not is set; what the
file had and has no more is removed; the rest is somebody else's and stays.

Source: ``k8s.io/apimachinery/pkg/util/strategicpatch`` v0.36 (``CreateThreeWayMergePatch``,
overwriting) and ``k8s.io/kubectl/pkg/cmd/apply``. Difference: a removal of what is gone already is
left out of the patch.
"""

from __future__ import annotations

import json
from typing import Final

from pykube_core.api.decoding import struct_of
from pykube_core.api.json_faults import json_fault, shown
from pykube_core.api.objects import Json, KubeObject
from pykube_core.api.patch import DELETE_FROM, ELEMENT_ORDER, merge_key

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


def last_applied(obj: KubeObject) -> KubeObject:
    """Return what ``kubectl apply`` wrote into an object as applied last; {} when it never did.

    Raises
    ------
    ValueError
        The annotation holds no JSON object.
    """
    text = (obj.get("metadata", {}).get("annotations") or {}).get(LAST_APPLIED)
    if not text:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(str(json_fault(text.encode(errors="replace")))) from None
    if not isinstance(found, dict):
        raise ValueError(f"expected an object, got {shown(found)}")
    return found


def with_last_applied(obj: KubeObject) -> KubeObject:
    """Return an object that carries itself in its annotation, as ``kubectl apply`` sends it."""
    metadata = dict(obj.get("metadata") or {})
    annotations = dict(metadata.get("annotations") or {})
    annotations.pop(LAST_APPLIED, None)
    bare = obj | {"metadata": metadata | {"annotations": annotations}}
    text = json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
    return obj | {"metadata": metadata | {"annotations": annotations | {LAST_APPLIED: text}}}


def three_way_patch(
    kind: str, original: KubeObject, modified: KubeObject, current: KubeObject
) -> KubeObject:
    """Return the strategic merge patch that brings ``current`` to ``modified``; {} for no change.

    Parameters
    ----------
    kind : str
        Whose types say which lists are merged.
    """
    return _map_patch(kind, original, modified, current)


def _map_patch(
    struct: str, original: Json, modified: KubeObject, current: KubeObject
) -> KubeObject:
    original = original if isinstance(original, dict) else {}
    out: KubeObject = {}
    for key, value in modified.items():
        held = current.get(key)
        if value is None:
            if key in current:
                out[key] = None
        elif isinstance(value, dict) and isinstance(held, dict):
            patch = _map_patch(struct_of(struct, key), original.get(key), value, held)
            if patch:
                out[key] = patch
        elif isinstance(value, list) and isinstance(held, list):
            out |= _list_patch(struct, key, original.get(key), value, held)
        elif key not in current or value != held:
            out[key] = value
    gone = {key: None for key in original if key not in modified and key in current}
    return out | gone


def _list_patch(
    struct: str, field: str, original: Json, modified: list[Json], current: list[Json]
) -> KubeObject:
    """Return the members of a patch that change one list."""
    key = merge_key(struct, field)
    original = original if isinstance(original, list) else []
    if key is None:
        return {field: modified} if modified != current else {}
    if not key:
        added = [item for item in modified if item not in current]
        gone = [item for item in original if item not in modified and item in current]
        out: KubeObject = {field: added} if added else {}
        if gone:
            out[DELETE_FROM + field] = gone
        return out | {ELEMENT_ORDER + field: modified} if out else out
    inner = struct_of(struct, field)
    before, held = _by_key(original, key), _by_key(current, key)
    items: list[Json] = []
    wanted = [_key_of(item, key) for item in modified]
    places = {value: 0 for value in wanted}
    for item, value in zip(modified, wanted, strict=True):
        # Items may share a key, as the ports 53 of UDP and TCP do: then the order tells them apart.
        place = places[value]
        places[value] += 1
        if value is None or place >= len(held.get(value, ())):
            items.append(item)
            continue
        was = before.get(value, [])[place : place + 1]
        patch = _map_patch(inner, was[0] if was else None, item, held[value][place])
        if patch:
            items.append(patch | {key: value})
    gone = [value for value in before if value not in places and value in held]
    items += [{"$patch": "delete", key: value} for value in gone]
    there = [_key_of(item, key) for item in current]
    if not items and wanted == [value for value in there if value in places]:
        return {}
    order = {ELEMENT_ORDER + field: [{key: value} for value in wanted]}
    return order | ({field: items} if items else {})


def _key_of(item: Json, key: str) -> str | int | None:
    """Return an item's key; None where it is none, which the server will refuse."""
    value = item.get(key) if isinstance(item, dict) else None
    return value if isinstance(value, str | int) else None


def _by_key(items: list[Json], key: str) -> dict[str | int | None, list[Json]]:
    """Return items by their key, those that share one in their order."""
    out: dict[str | int | None, list[Json]] = {}
    for item in items:
        out.setdefault(_key_of(item, key), []).append(item)
    return out
