"""Strategic merge patches: objects merge field by field, and many lists item by item.

Which lists merge, and by which key of their items, is part of the API's types. A
patch may hold directives: ``$patch`` in an object or an item of a list, and for a field ``f``
``$setElementOrder/f``, ``$deleteFromPrimitiveList/f`` and, inside it, ``$retainKeys``.

Two patches of one object are merged by the same rules, but for their directives, which stay; that
is how `pykube_core.api.machinery.three_way` puts its patch together. The inputs are never changed.

Source: ``k8s.io/apimachinery/pkg/util/strategicpatch`` v0.37.2 (``mergeMap``).
"""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.decoding import fields_of, struct_of
from pykube_core.api.machinery.objects import Json, KubeObject

DIRECTIVE: Final = "$patch"
RETAIN_KEYS: Final = "$retainKeys"
ELEMENT_ORDER: Final = "$setElementOrder/"
DELETE_FROM: Final = "$deleteFromPrimitiveList/"
DEPTH_MAX: Final = 100

_BAD_RETAIN_KEYS: Final = "invalid patch format of retainKeys"
_BAD_ELEMENT_ORDER: Final = "invalid patch format of setElementOrder list"
_GONE: Final = object()


class PatchError(ValueError):
    """A patch cannot be read, or does not fit the object; the message is for the client."""


def merge_key(struct: str, field: str) -> str | None:
    """Return the key by which a list merges: "" for plain values, None for one that is replaced."""
    found = fields_of(struct).get(field) if struct else None
    return None if found is None else found.merge_key


def strategic_merge_patch(struct: str, target: KubeObject, patch: Json) -> KubeObject:
    """Return an object changed as a strategic merge patch says.

    Parameters
    ----------
    struct : str
        Its structure, such as "core.v1.Pod", which says which lists are merged.

    Raises
    ------
    PatchError
        The patch is no object, has an unknown directive, or an item without its merge key.
    """
    if not isinstance(patch, dict):
        raise PatchError("cannot unmarshal a patch that is no object")
    return merge_maps(struct, target, patch, applies=True)


def merge_maps(
    struct: str, target: KubeObject, patch: KubeObject, *, applies: bool, depth: int = 0
) -> KubeObject:
    """Return a map merged with a patch of it; with ``applies`` false the target is a patch, too."""
    if depth > DEPTH_MAX:
        raise PatchError("patch is nested too deeply")
    if DIRECTIVE in patch:
        return _replaced(patch)
    out, rest = dict(target), dict(patch)
    _retain_keys(out, rest, applies)
    for key in [key for key in rest if key.startswith(ELEMENT_ORDER)]:
        _merge_in_order(struct, key, out, rest, applies, depth)
    for key, value in rest.items():
        deletes = key.startswith(DELETE_FROM)
        if deletes and not applies:
            out[key] = value
            continue
        field = key.removeprefix(DELETE_FROM)
        if value is None:
            out.pop(field, None)
            if applies:
                continue
        held: Json = out.get(field)
        if field not in out or type(held) is not type(value):
            if not deletes:
                _set(out, field, _bare(value, applies))
        elif isinstance(value, dict):
            inner = struct_of(struct, field)
            out[field] = merge_maps(inner, held, value, applies=applies, depth=depth + 1)
        elif isinstance(value, list) and (deletes or merge_key(struct, field) is not None):
            lists = _Lists(struct, field, applies, depth)
            out[field] = lists.without(held, value) if deletes else lists.merged(held, value)
        else:
            out[field] = value
    return out


def index_of(items: list[Json], item: Json, key: str) -> int:
    """Return where a list has an item, or one of the same merge key; -1 if nowhere."""
    wanted = _identity(item, key)
    return next((at for at, each in enumerate(items) if _identity(each, key) == wanted), -1)


def in_order_of(items: list[Json], order: list[Json], key: str) -> list[Json]:
    """Return items of a list of patches in the order of another list, deletions behind them.

    Raises
    ------
    PatchError
        An item has no merge key.
    """
    if key:
        for item in (*items, *order):
            key_of(item, key)
    deleted = [item for item in items if key and item.get(DIRECTIVE) == "delete"]
    out: list[tuple[int, Json]] = []
    for item in items:
        if key and item.get(DIRECTIVE) == "delete":
            continue
        place = index_of(order, item, key)
        at = len(out)
        # Upstream takes an item that the order does not have for smaller than any other.
        while at and (place < 0 or out[at - 1][0] < 0 or place < out[at - 1][0]):
            at -= 1
        out.insert(at, (place, item))
    return [item for _, item in out] + deleted


def key_of(item: Json, key: str) -> Json:
    """Return an item's merge key.

    Raises
    ------
    PatchError
        It has none.
    """
    if not isinstance(item, dict):
        raise PatchError(f"expected a map with the merge key {key}, but received {item!r}")
    if key not in item:
        raise PatchError(f"map: {item} does not contain declared merge key: {key}")
    return item[key]


def holds_maps(*lists: list[Json]) -> bool:
    """Say whether lists hold objects rather than plain values.

    Raises
    ------
    PatchError
        They hold both, or lists.
    """
    types = {type(item) for items in lists for item in items}
    if list in types:
        raise PatchError("lists of lists are not supported")
    if len(types) > 1:
        raise PatchError(f"list element types are not identical: {list(lists)}")
    return dict in types


class _Lists:
    """How one field's lists merge."""

    def __init__(self, struct: str, field: str, applies: bool, depth: int) -> None:
        self.key = merge_key(struct, field) or ""
        self._inner = struct_of(struct, field)
        self._applies = applies
        self._depth = depth

    def without(self, target: list[Json], deleted: list[Json]) -> list[Json]:
        """Return plain values without those that are deleted."""
        return [item for item in target if item not in deleted]

    def merged(self, target: list[Json], patch: list[Json]) -> list[Json]:
        """Return a list merged with its patch, in the patch's order."""
        if holds_maps(target, patch):
            if not self.key:
                raise PatchError("cannot merge lists without merge key")
            target, patch = self._follow_directives(target, patch)
            merged = self._merge_items(target, patch)
        else:
            merged = [*target]
            merged += [item for at, item in enumerate(patch) if item not in (*target, *patch[:at])]
        return self.ordered(merged, patch, target)

    def ordered(self, merged: list[Json], order: list[Json], before: list[Json]) -> list[Json]:
        """Return what an order names in that order; the rest stays before what it was before."""
        named = [item for item in merged if index_of(order, item, self.key) >= 0]
        rest = [item for item in merged if index_of(order, item, self.key) < 0]
        left, right = in_order_of(rest, before, self.key), in_order_of(named, order, self.key)
        out: list[Json] = []
        at = 0
        for item in right:
            place = index_of(before, item, self.key)
            while at < len(left) and 0 <= index_of(before, left[at], self.key) < place:
                out.append(left[at])
                at += 1
            out.append(item)
        return out + left[at:]

    def _follow_directives(
        self, target: list[Json], patch: list[Json]
    ) -> tuple[list[Json], list[Json]]:
        plain = [item for item in patch if DIRECTIVE not in item]
        replaces = False
        for item in patch:
            directive = item.get(DIRECTIVE)
            if DIRECTIVE not in item:
                continue
            if directive == "delete":
                gone = key_of(item, self.key)
                target = [each for each in target if each.get(self.key) != gone]
            elif directive == "replace":
                replaces = True
            elif directive == "merge":
                raise PatchError("merging lists cannot yet be specified in the patch")
            else:
                raise _unknown_directive(item)
        return (plain, []) if replaces else (target, plain)

    def _merge_items(self, target: list[Json], patch: list[Json]) -> list[Json]:
        out = list(target)
        for item in patch:
            key_of(item, self.key)
            at = index_of(out, item, self.key)
            if at < 0:
                out.append(item)
            else:
                out[at] = merge_maps(
                    self._inner, out[at], item, applies=self._applies, depth=self._depth + 1
                )
        return out


def _replaced(patch: KubeObject) -> KubeObject:
    """Return what stands in the place of a map whose patch has a directive."""
    if patch[DIRECTIVE] == "replace":
        return {key: value for key, value in patch.items() if key != DIRECTIVE}
    if patch[DIRECTIVE] == "delete":
        return {}
    raise _unknown_directive(patch)


def _unknown_directive(patch: KubeObject) -> PatchError:
    return PatchError(f"unknown patch type: {patch[DIRECTIVE]} in map: {patch}")


def _retain_keys(out: KubeObject, rest: KubeObject, applies: bool) -> None:
    """Follow the directive that names all keys that a map keeps, and take it out of its patch."""
    if RETAIN_KEYS not in rest:
        return
    retained = rest.pop(RETAIN_KEYS)
    if not applies:
        if out.setdefault(RETAIN_KEYS, retained) != retained:
            raise PatchError(f"{out[RETAIN_KEYS]} and {retained} are not deep equal")
        return
    if not isinstance(retained, list):
        raise PatchError(_BAD_RETAIN_KEYS)
    for key, value in rest.items():
        if value is not None and not key.startswith((DELETE_FROM, ELEMENT_ORDER)):
            if key not in retained:
                raise PatchError(_BAD_RETAIN_KEYS)
    for key in [key for key in out if key not in retained]:
        del out[key]


def _merge_in_order(
    struct: str, directive: str, out: KubeObject, rest: KubeObject, applies: bool, depth: int
) -> None:
    """Merge the list that a directive is about, in place, and take both out of the patch."""
    order = rest.pop(directive)
    if not applies and out.setdefault(directive, order) != order:
        raise PatchError(_BAD_ELEMENT_ORDER)
    field = directive.removeprefix(ELEMENT_ORDER)
    held, patch = out.get(field), rest.get(field)
    for place, value in ((out, held), (rest, patch)):
        if field in place and not isinstance(value, list):
            raise PatchError(f"expected a list of {field}, but received {value!r}")
    if not isinstance(order, list):
        raise PatchError(_BAD_ELEMENT_ORDER)
    if held is None and patch is None:
        return
    if not held and not patch:
        raise PatchError("no elements in any of the given slices")
    lists = _Lists(struct, field, applies, depth)
    _check_order(patch or [], order, lists.key)
    if patch is None:
        merged = held or []
    elif held is None:
        merged = [item for item in (_bare(each, False) for each in patch) if item is not _GONE]
    elif merge_key(struct, field) is None:
        merged = patch
    else:
        merged = lists.merged(held, patch)
    out[field] = lists.ordered(merged, order, held or [])
    rest.pop(field, None)


def _check_order(patch: list[Json], order: list[Json], key: str) -> None:
    """Refuse a patch whose items are not in the order that it sets."""
    if not patch or not order:
        return
    names = [key_of(item, key) if key else item for item in order]
    at = 0
    for item in patch:
        directive = item.get(DIRECTIVE) if isinstance(item, dict) else None
        if directive == "delete" or (directive and at < len(names)):
            continue
        wanted = None if directive else key_of(item, key) if key else item
        while at < len(names) and names[at] != wanted:
            at += 1
        if at == len(names):
            text = "The order in patch list:\n{}\n doesn't match $setElementOrder list:\n{}\n"
            raise PatchError(text.format(patch, order))
        at += 1


def _identity(item: Json, key: str) -> Json:
    if not key:
        return item
    return item.get(key) if isinstance(item, dict) else None


def _bare(value: Json, drops_nulls: bool) -> Json:
    """Return a value that is new, without items and fields that are mere directives."""
    if isinstance(value, dict):
        if value.get(DIRECTIVE) is not None or (DIRECTIVE in value and not drops_nulls):
            return _GONE
        kept = ((key, item) for key, item in value.items() if item is not None or not drops_nulls)
        bare = ((key, _bare(item, drops_nulls)) for key, item in kept)
        return {key: item for key, item in bare if item is not _GONE}
    if isinstance(value, list):
        items = (_bare(item, drops_nulls) for item in value)
        return [item for item in items if item is not _GONE]
    return value


def _set(out: KubeObject, field: str, value: Json) -> None:
    if value is _GONE:
        out.pop(field, None)
    else:
        out[field] = value
