"""Kinds that Kubernetes has or had and an empty cluster does not serve, to tell them from others.

Source: discovery of kube-apiserver v1.37.2.
"""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.registry import Registry

_KINDS: Final = {
    "coordination.k8s.io": "LeaseCandidate",
    "extensions": "PodSecurityPolicy",
    "policy": "PodSecurityPolicy",
}


def why_not_served(registry: Registry, kind: str, version: str) -> str:
    """Return why a kind that a registry lacks is not served; "" when Kubernetes lacks it, too.

    Parameters
    ----------
    version : str
        Group and version, such as "apps/v1".
    """
    served = [resource.api_version for resource in registry if resource.kind == kind]
    if served:
        return f"pykube serves {kind} as {' and '.join(served)}"
    if kind in _KINDS.get(version.rpartition("/")[0], "").split():
        return f"pykube does not serve Kubernetes' {kind}, which its simulation does without"
    return ""
