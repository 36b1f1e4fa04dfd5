"""Objects that a snapshot lacks, as far as those that it has imply them.

Every namespace carries the label ``kubernetes.io/metadata.name``, whether or not its object is
there. And the pods of one owner carry the labels of its template, which its selector matches: the
labels that all of them share select the same pods as the owner's selector does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from pykube_core.api.machinery.objects import KubeObject, name_of, namespace_of

NAME_LABEL: Final = "kubernetes.io/metadata.name"

# Kinds of owners whose selector the default spreading of their pods reads, by API group with
# version: plural, and how a spec writes the selector.
_OWNERS: Final = {
    ("v1", "ReplicationController"): "replicationControllers",
    ("apps/v1", "ReplicaSet"): "replicaSets",
    ("apps/v1", "StatefulSet"): "statefulSets",
}
_TERM_LISTS: Final = (
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
)


class Owner(NamedTuple):
    """A controller of pods."""

    plural: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """Kind, namespace and name, for messages."""
        return f"{self.kind} {self.namespace}/{self.name}"


def owner_of(template: KubeObject) -> Owner | None:
    """Return the controller of a pod, None where none has a selector that spreading reads."""
    for owner in template["metadata"].get("ownerReferences") or ():
        if owner.get("controller"):
            kind = owner.get("kind") or ""
            plural = _OWNERS.get((owner.get("apiVersion") or "", kind))
            if plural is None:
                return None
            return Owner(plural, kind, namespace_of(template), owner.get("name") or "")
    return None


def missing_owners(
    templates: Sequence[KubeObject], objects: Mapping[str, Sequence[KubeObject]]
) -> dict[Owner, list[int]]:
    """Return the templates of each owner that is not among the objects."""
    there = {
        (plural, namespace_of(obj), name_of(obj))
        for plural in _OWNERS.values()
        for obj in objects.get(plural, ())
    }
    found: dict[Owner, list[int]] = {}
    for index, template in enumerate(templates):
        owner = owner_of(template)
        if owner is not None and (owner.plural, owner.namespace, owner.name) not in there:
            found.setdefault(owner, []).append(index)
    return found


def implied_owner(owner: Owner, templates: Iterable[KubeObject]) -> KubeObject | None:
    """Return an owner with the selector that its pods imply; None if they share no label."""
    labels = [template["metadata"].get("labels") or {} for template in templates]
    shared = dict(set.intersection(*(set(each.items()) for each in labels)))
    if not shared:
        return None
    shared = dict(sorted(shared.items()))
    is_plain = owner.plural == "replicationControllers"
    return {
        "apiVersion": "v1" if is_plain else "apps/v1",
        "kind": owner.kind,
        "metadata": {"name": owner.name, "namespace": owner.namespace},
        "spec": {"selector": shared if is_plain else {"matchLabels": shared}},
    }


def implied_namespace(name: str) -> KubeObject:
    """Return a Namespace with the label that every one has."""
    metadata = {"name": name, "labels": {NAME_LABEL: name}}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def namespace_keys(template: KubeObject) -> Iterator[str]:
    """Yield the label keys by which the affinity terms of a pod select namespaces."""
    affinity = template["spec"].get("affinity") or {}
    for kind in ("podAffinity", "podAntiAffinity"):
        for of_kind in _TERM_LISTS:
            for item in (affinity.get(kind) or {}).get(of_kind) or ():
                selector = (item.get("podAffinityTerm") or item).get("namespaceSelector") or {}
                yield from _keys(selector)


def _keys(selector: Mapping[str, Any]) -> Iterator[str]:
    yield from selector.get("matchLabels") or ()
    for expression in selector.get("matchExpressions") or ():
        yield expression.get("key") or ""
