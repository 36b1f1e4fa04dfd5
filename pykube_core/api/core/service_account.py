"""Service accounts."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.columns import NAME_AND_AGE
from pykube_core.api.machinery.object_meta import validate_create, validate_namespaced
from pykube_core.api.machinery.registry import CREATE, Resource, Subresource

SERVICE_ACCOUNTS: Final = Resource(
    kind="ServiceAccount",
    plural="serviceaccounts",
    short_names=("sa",),
    validate=validate_namespaced,
    validate_create=validate_create,
    answers_with_object=True,
    columns=NAME_AND_AGE,
    subresources=(Subresource("token", CREATE, "TokenRequest", "authentication.k8s.io", "v1"),),
)
