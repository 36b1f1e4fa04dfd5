"""The group authorization.k8s.io: reviews of who may do what, which are answered and not kept."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.object_meta import validate_namespaced, validate_of_cluster
from pykube_core.api.machinery.registry import CREATE, Resource

_GROUP: Final = "authorization.k8s.io"

SUBJECT_ACCESS_REVIEWS: Final = Resource(
    kind="SubjectAccessReview",
    plural="subjectaccessreviews",
    group=_GROUP,
    namespaced=False,
    kept=False,
    validate=validate_of_cluster,
    verbs=CREATE,
)
SELF_SUBJECT_ACCESS_REVIEWS: Final = Resource(
    kind="SelfSubjectAccessReview",
    plural="selfsubjectaccessreviews",
    group=_GROUP,
    namespaced=False,
    kept=False,
    validate=validate_of_cluster,
    verbs=CREATE,
)
SELF_SUBJECT_RULES_REVIEWS: Final = Resource(
    kind="SelfSubjectRulesReview",
    plural="selfsubjectrulesreviews",
    group=_GROUP,
    namespaced=False,
    kept=False,
    validate=validate_of_cluster,
    verbs=CREATE,
)
LOCAL_SUBJECT_ACCESS_REVIEWS: Final = Resource(
    kind="LocalSubjectAccessReview",
    plural="localsubjectaccessreviews",
    group=_GROUP,
    kept=False,
    validate=validate_namespaced,
    verbs=CREATE,
)

RESOURCES: Final = (
    SUBJECT_ACCESS_REVIEWS,
    SELF_SUBJECT_ACCESS_REVIEWS,
    SELF_SUBJECT_RULES_REVIEWS,
    LOCAL_SUBJECT_ACCESS_REVIEWS,
)
