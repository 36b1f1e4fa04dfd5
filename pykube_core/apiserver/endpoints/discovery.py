"""Discovery: which groups, versions and resources there are, in both forms.

Source: ``k8s.io/apiserver/pkg/endpoints/discovery`` v0.37.2, and recorded answers of kube-apiserver
1.37.2.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Final

from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.registry import Registry, Resource, Subresource

_GROUPS: Final = (
    "apiregistration.k8s.io",
    "apps",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "node.k8s.io",
    "discovery.k8s.io",
    "resource.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "storagemigration.k8s.io",
)
"""Groups in the order of their priority; all others follow by name."""
AGGREGATED: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


class Discovery:
    """The resources of a registry by group and version."""

    def __init__(self, registry: Registry) -> None:
        self._by_version: dict[tuple[str, str], dict[str, Resource]] = {}
        for resource in registry:
            held = self._by_version.setdefault((resource.group, resource.version), {})
            held[resource.plural] = resource

    def resource(self, group: str, version: str, plural: str) -> Resource | None:
        """Return a resource; None when there is none."""
        return self._by_version.get((group, version), {}).get(plural)

    def has_version(self, group: str, version: str) -> bool:
        """Say whether a group has a version."""
        return (group, version) in self._by_version

    def groups(self) -> list[str]:
        """Return the names of the groups in their order, the core group aside."""
        named = {group for group, _ in self._by_version if group}
        known = [group for group in _GROUPS if group in named]
        return known + sorted(named.difference(_GROUPS))

    def versions(self, group: str) -> list[str]:
        """Return the versions of a group, the preferred one first."""
        return sorted((v for g, v in self._by_version if g == group), key=_version_rank)

    def aggregated(self, *, core: bool) -> KubeObject:
        """Return an ``APIGroupDiscoveryList``: of the core group, or of all others."""
        groups = [""] if core else self.groups()
        return {
            "kind": "APIGroupDiscoveryList",
            "apiVersion": "apidiscovery.k8s.io/v2",
            "metadata": {},
            "items": [
                {
                    "metadata": {"name": group} if group else {},
                    "versions": [
                        {
                            "version": version,
                            "resources": list(self.discovered(group, version)),
                            "freshness": "Current",
                        }
                        for version in self.versions(group)
                    ],
                }
                for group in groups
            ],
        }

    def discovered(self, group: str, version: str) -> Iterable[KubeObject]:
        """Yield the resources of a version as aggregated discovery has them."""
        for resource in self._sorted(group, version):
            out: KubeObject = {
                "resource": resource.plural,
                "responseKind": {"group": "", "version": "", "kind": resource.kind},
                "scope": "Namespaced" if resource.namespaced else "Cluster",
                "singularResource": resource.singular,
                "verbs": list(resource.verbs),
            }
            if resource.short_names:
                out["shortNames"] = list(resource.short_names)
            if resource.categories:
                out["categories"] = list(resource.categories)
            if resource.all_subresources:
                out["subresources"] = [
                    {
                        "subresource": part.name,
                        "responseKind": {
                            "group": part.group,
                            "version": part.version,
                            "kind": part.kind or resource.kind,
                        },
                        "verbs": list(part.verbs),
                    }
                    for part in resource.all_subresources
                ]
            yield out

    def _sorted(self, group: str, version: str) -> list[Resource]:
        held: Mapping[str, Resource] = self._by_version.get((group, version), {})
        return [held[plural] for plural in sorted(held)]

    def group_list(self) -> KubeObject:
        """Return the ``APIGroupList``."""
        groups = [self._group(name) for name in self.groups()]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}

    def group(self, name: str) -> KubeObject | None:
        """Return one ``APIGroup``; None when there is none."""
        if name not in self.groups():
            return None
        return {"kind": "APIGroup", "apiVersion": "v1"} | self._group(name)

    def _group(self, name: str) -> KubeObject:
        versions: list[Json] = [
            {"groupVersion": f"{name}/{version}", "version": version}
            for version in self.versions(name)
        ]
        return {"name": name, "versions": versions, "preferredVersion": versions[0]}

    def resource_list(self, group: str, version: str) -> KubeObject | None:
        """Return an ``APIResourceList``; None when there is no such version."""
        if not self.has_version(group, version):
            return None
        head: KubeObject = {"kind": "APIResourceList"}
        if group:
            head["apiVersion"] = "v1"
        group_version = f"{group}/{version}" if group else version
        rows: list[KubeObject] = []
        for resource in self._sorted(group, version):
            rows.append(_row(resource))
            rows += [_part_row(resource, part) for part in resource.all_subresources]
        return head | {"groupVersion": group_version, "resources": rows}

    def paths(self) -> list[str]:
        """Return the paths of all groups and versions."""
        out = ["/api", "/api/v1", "/apis", "/apis/"]
        for group in self.groups():
            out += [f"/apis/{group}", *(f"/apis/{group}/{v}" for v in self.versions(group))]
        return out


def _row(resource: Resource) -> KubeObject:
    out: KubeObject = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        out["shortNames"] = list(resource.short_names)
    if resource.categories:
        out["categories"] = list(resource.categories)
    if "list" in resource.verbs and "create" in resource.verbs:
        out["storageVersionHash"] = _storage_hash(resource)
    return out


def _part_row(resource: Resource, part: Subresource) -> KubeObject:
    out: KubeObject = {
        "name": f"{resource.plural}/{part.name}",
        "singularName": "",
        "namespaced": resource.namespaced,
    }
    if part.version:
        out |= {"group": part.group, "version": part.version}
    return out | {"kind": part.kind or resource.kind, "verbs": list(part.verbs)}


def _storage_hash(resource: Resource) -> str:
    text = f"{resource.group}/{resource.version}/{resource.kind}"
    return b64encode(hashlib.sha256(text.encode()).digest()[:8]).decode()


def _version_rank(version: str) -> tuple[int, int, str]:
    """Return the rank of a version: stable ones first, the highest number before others."""
    number = version[1:]
    for rank, mark in enumerate(("beta", "alpha"), 1):
        if mark in number:
            return rank, -int(number.partition(mark)[0] or 0), version
    return 0, -int(number or 0) if number.isdigit() else 0, version
