"""Kinds and names as ``kubectl`` takes them: ``pods a b``, ``pod/a deploy/b``, ``pods,deploy``.

Source: ``k8s.io/cli-runtime/pkg/resource/builder.go`` v0.32.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pykube_core.api.machinery.registry import Registry, Resource
from pykube_core.cli.failures import CommandError

NOTHING_GIVEN = """\
You must provide one or more resources by argument or filename.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'
   '<resource> <name>'
   '<resource>'"""

_MIXED = (
    "there is no need to specify a resource type as a separate argument when passing arguments "
    "in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get "
    "resource resource/<resource_name>'"
)


class Target(NamedTuple):
    """Objects of one resource: those of these names, or all when there are none."""

    resource: Resource
    names: tuple[str, ...]


def parse_targets(registry: Registry, words: Sequence[str]) -> list[Target]:
    """Return what the words name, in their order.

    Raises
    ------
    CommandError
        In kubectl's words: an unknown kind, both forms at once, or an empty name.
    """
    if any("/" in word for word in words):
        return [_pair(registry, word) for word in words]
    if not words:
        return []
    resources: list[Resource] = []
    for kind in words[0].split(","):
        resources += [r for r in find_resources(registry, kind) if r not in resources]
    if any(not name for name in words[1:]):
        raise CommandError("resource name may not be empty")
    return [Target(resource, tuple(words[1:])) for resource in resources]


def _pair(registry: Registry, word: str) -> Target:
    if "/" not in word:
        raise CommandError(_MIXED)
    kind, _, name = word.partition("/")
    if "/" in name:
        raise CommandError("arguments in resource/name form may not have more than one slash")
    if not kind or not name or "," in kind:
        raise CommandError("arguments in resource/name form must have a single resource and name")
    found = find_resources(registry, kind)
    if len(found) != 1:
        raise CommandError("arguments in resource/name form must have a single resource and name")
    return Target(found[0], (name,))


def find_resources(registry: Registry, kind: str) -> list[Resource]:
    """Return the resources that a kind, plural, short name or category names.

    A group may follow a dot, and a version may stand before it: ``deployments.v1.apps``.
    """
    lowered = kind.lower()
    of_category = [resource for resource in registry.kept if lowered in resource.categories]
    if of_category:
        return of_category
    name, _, group = lowered.partition(".")
    found = registry.named(name)
    if found is not None and group in ("", found.group, f"{found.version}.{found.group}"):
        return [found]
    found = registry.named(lowered)
    if found is None:
        name = kind.partition(".")[0]
        raise CommandError(f'the server doesn\'t have a resource type "{name}"')
    return [found]


def printed_kind(resource: Resource) -> str:
    """Return a kind as it stands before a slash, such as "pod" or "deployment.apps"."""
    kind = resource.kind.lower()
    return f"{kind}.{resource.group}" if resource.group else kind
