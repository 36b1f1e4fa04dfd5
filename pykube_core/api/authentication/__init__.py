"""The group authentication.k8s.io: reviews of who somebody is, which are answered and not kept."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.object_meta import validate_of_cluster
from pykube_core.api.machinery.registry import CREATE, Resource

_GROUP: Final = "authentication.k8s.io"

TOKEN_REVIEWS: Final = Resource(
    kind="TokenReview",
    plural="tokenreviews",
    group=_GROUP,
    namespaced=False,
    kept=False,
    validate=validate_of_cluster,
    verbs=CREATE,
)
SELF_SUBJECT_REVIEWS: Final = Resource(
    kind="SelfSubjectReview",
    plural="selfsubjectreviews",
    group=_GROUP,
    namespaced=False,
    kept=False,
    validate=validate_of_cluster,
    verbs=CREATE,
)

RESOURCES: Final = (TOKEN_REVIEWS, SELF_SUBJECT_REVIEWS)
