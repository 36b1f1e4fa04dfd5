"""Reviews: questions about users and rights, which are answered and not kept.

Source: ``pkg/registry/authentication`` and ``pkg/registry/authorization``, v1.37.2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from pykube_core.api.machinery.decoding import DecodeError, decode
from pykube_core.api.machinery.field_errors import FieldError, invalid
from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.schema import kind_struct
from pykube_core.api.machinery.status import StatusError, bad_request
from pykube_core.api.machinery.times import time_text
from pykube_core.apiserver.auth.authorizer import Attributes, Union
from pykube_core.apiserver.auth.rbac import RbacAuthorizer, Rule
from pykube_core.apiserver.auth.tokens import InvalidTokenError
from pykube_core.apiserver.auth.user import MASTERS, User
from pykube_core.apiserver.endpoints.access import Access
from pykube_core.apiserver.endpoints.request_info import RequestInfo

AUTHENTICATION: Final = "authentication.k8s.io"
AUTHORIZATION: Final = "authorization.k8s.io"
_ISSUER: Final = "https://kubernetes.default.svc.cluster.local"
_KINDS: Final = {
    (AUTHENTICATION, "selfsubjectreviews"): "SelfSubjectReview",
    (AUTHENTICATION, "tokenreviews"): "TokenReview",
    (AUTHORIZATION, "selfsubjectaccessreviews"): "SelfSubjectAccessReview",
    (AUTHORIZATION, "subjectaccessreviews"): "SubjectAccessReview",
    (AUTHORIZATION, "localsubjectaccessreviews"): "LocalSubjectAccessReview",
    (AUTHORIZATION, "selfsubjectrulesreviews"): "SelfSubjectRulesReview",
}

Manage = Callable[[KubeObject], list[Json]]
"""From a review to its managed fields."""


def review_kind(group: str, plural: str) -> str:
    """Return the kind of a review's resource; "" for every other resource."""
    return _KINDS.get((group, plural), "")


class Reviews:
    """Answers reviews.

    Parameters
    ----------
    access : Access
    clock : callable
        Nanoseconds since the epoch.
    """

    def __init__(self, access: Access, clock: Callable[[], int]) -> None:
        self._access = access
        self._clock = clock

    def answer(
        self, kind: str, body: Mapping[str, Json], user: User, info: RequestInfo, manage: Manage
    ) -> KubeObject:
        """Return a review with its answer: 400, 422."""
        try:
            obj = decode(kind_struct(info.group, info.version, kind), body, strict=False)
        except DecodeError as error:
            raise bad_request(str(error)) from None
        head = {"kind": kind, "apiVersion": f"{info.group}/{info.version}"}
        metadata = dict(obj.get("metadata") or {})
        obj = head | {"metadata": metadata} | {k: v for k, v in obj.items() if k not in head}
        if kind == "SelfSubjectReview":
            obj["metadata"]["creationTimestamp"] = time_text(self._clock())
            return obj | {"status": {"userInfo": user.info()}}
        if kind == "SelfSubjectRulesReview":
            return self._rules(obj, user)
        spec = obj.get("spec") or {}
        if kind == "TokenReview" and not spec.get("token"):
            raise bad_request("token is required for TokenReview in authentication")
        if kind != "TokenReview":
            self._check(kind, spec, info)
        if entries := manage(obj):
            metadata["managedFields"] = entries
        obj["spec"] = spec
        if kind == "TokenReview":
            return obj | {"status": self._token(spec)}
        asked = user if kind == "SelfSubjectAccessReview" else _named(spec)
        verdict = self._access.authorizer.authorize(_attributes(asked, spec))
        status: KubeObject = {"allowed": verdict.allowed}
        if verdict.reason:
            status["reason"] = verdict.reason
        return obj | {"status": status}

    def _check(self, kind: str, spec: KubeObject, info: RequestInfo) -> None:
        errors: list[FieldError] = []
        of_resource, of_path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
        if (of_resource is None) == (of_path is None):
            both = of_resource is not None
            text = "cannot be specified in combination with resourceAttributes"
            one = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
            field = "spec.nonResourceAttributes" if both else "spec"
            errors.append(invalid(field, None, text if both else one))
        if kind != "SelfSubjectAccessReview" and not spec.get("user") and not spec.get("groups"):
            text = "at least one of user or group must be specified"
            errors.append(invalid("spec.user", "", text))
        if kind == "LocalSubjectAccessReview" and of_resource is not None:
            given = of_resource.get("namespace") or ""
            if given != info.namespace:
                text = "must match metadata.namespace"
                errors.append(invalid("spec.resourceAttributes.namespace", given, text))
        if errors:
            raise _invalid(errors)

    def _token(self, spec: KubeObject) -> KubeObject:
        audiences = spec.get("audiences") or [_ISSUER]
        if self._access.tokens is None:
            return {"user": {}, "error": "invalid bearer token"}
        try:
            found = self._access.tokens.authenticate(spec["token"], audiences)
        except InvalidTokenError as error:
            return {"user": {}, "error": str(error)}
        user = found.user.info()
        return {"authenticated": True, "user": user, "audiences": list(found.audiences)}

    def _rules(self, obj: KubeObject, user: User) -> KubeObject:
        namespace = (obj.get("spec") or {}).get("namespace") or ""
        if not namespace:
            raise bad_request("no namespace on request")
        rules: list[Rule] = []
        if MASTERS in user.groups or not isinstance(self._access.authorizer, Union):
            every = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
            rules += [every, {"verbs": ["*"], "nonResourceURLs": ["*"]}]
        for authorizer in getattr(self._access.authorizer, "authorizers", ()):
            if isinstance(authorizer, RbacAuthorizer):
                rules += authorizer.rules_for(user, namespace)[0]
        fields = ("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs")
        shown = [{name: rule[name] for name in fields if rule.get(name)} for rule in rules]
        status = {
            "resourceRules": [rule for rule in shown if rule.get("resources")],
            "nonResourceRules": [rule for rule in shown if rule.get("nonResourceURLs")],
            "incomplete": False,
        }
        return obj | {"spec": {}, "status": status}


def _named(spec: KubeObject) -> User:
    extra = {key: tuple(values) for key, values in (spec.get("extra") or {}).items()}
    return User(
        spec.get("user") or "", spec.get("uid") or "", tuple(spec.get("groups") or ()), extra
    )


def _attributes(user: User, spec: KubeObject) -> Attributes:
    found = spec.get("resourceAttributes")
    if found is None:
        found = spec["nonResourceAttributes"]
        return Attributes(user=user, verb=found.get("verb", ""), path=found.get("path", ""))
    return Attributes(
        user=user,
        verb=found.get("verb", ""),
        group=found.get("group", ""),
        version=found.get("version", ""),
        resource=found.get("resource", ""),
        subresource=found.get("subresource", ""),
        namespace=found.get("namespace", ""),
        name=found.get("name", ""),
    )


def _invalid(errors: list[FieldError]) -> StatusError:
    """Return the 422 of a review, which upstream gives without a kind."""
    text = str(errors[0]) if len(errors) == 1 else "[" + ", ".join(map(str, errors)) + "]"
    causes = [{"reason": e.reason, "message": e.body, "field": e.field} for e in errors]
    details = {"group": AUTHORIZATION, "causes": causes}
    message = f'.{AUTHORIZATION} "" is invalid: {text}'
    return StatusError(422, "Invalid", message, details)
