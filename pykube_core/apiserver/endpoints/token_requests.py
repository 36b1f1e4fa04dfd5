"""``serviceaccounts/NAME/token``: a token of a service account, bound to a pod, node or secret.

Source: ``pkg/registry/core/serviceaccount/storage/token.go`` and
``pkg/apis/authentication/validation``, v1.37.2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pykube_core.api.machinery.decoding import DecodeError, decode
from pykube_core.api.machinery.field_errors import FieldError, invalid
from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.status import StatusError, bad_request
from pykube_core.api.machinery.times import NANO, time_text
from pykube_core.apiserver.auth.tokens import Bound, Lookup, ServiceAccountTokens

_GROUP: Final = "authentication.k8s.io"
_SECONDS_MIN: Final = 600
_SECONDS_MAX: Final = 1 << 32
_SECONDS: Final = 3600
_BOUND: Final = {"Pod": "pods", "Node": "nodes", "Secret": "secrets"}


def issued_token(
    body: Json,
    account: KubeObject,
    tokens: ServiceAccountTokens,
    lookup: Lookup,
    clock: Callable[[], int],
) -> KubeObject:
    """Return a ``TokenRequest`` with its token: 400, 404, 409, 422."""
    try:
        request = decode("authentication.v1.TokenRequest", body, strict=False)
    except DecodeError as error:
        raise bad_request(str(error)) from None
    metadata, spec = account["metadata"], request.get("spec") or {}
    seconds = spec.get("expirationSeconds", _SECONDS)
    errors: list[FieldError] = []
    if seconds < _SECONDS_MIN:
        text = "may not specify a duration less than 10 minutes"
        errors.append(invalid("spec.expirationSeconds", seconds, text))
    if seconds > _SECONDS_MAX:
        text = "may not specify a duration larger than 2^32 seconds"
        errors.append(invalid("spec.expirationSeconds", seconds, text))
    if errors:
        raise _invalid(errors)
    audiences = spec.get("audiences") or [tokens.issuer]
    bound = _bound(spec.get("boundObjectRef"), metadata, lookup)
    now_ns = clock()
    token = tokens.issue(account, audiences, seconds, bound)
    kept = ("name", "namespace", "uid")
    whole: KubeObject = {"audiences": audiences, "expirationSeconds": seconds}
    whole["boundObjectRef"] = spec.get("boundObjectRef")
    return {
        "kind": "TokenRequest",
        "apiVersion": f"{_GROUP}/v1",
        "metadata": {name: metadata[name] for name in kept}
        | {"creationTimestamp": time_text(now_ns)},
        "spec": whole,
        "status": {"token": token, "expirationTimestamp": time_text(now_ns + seconds * NANO)},
    }


def _bound(reference: Json, account: KubeObject, lookup: Lookup) -> Bound | None:
    """Return the object that a token is to live with."""
    if reference is None:
        return None
    kind, version = reference.get("kind") or "", reference.get("apiVersion") or ""
    if kind not in _BOUND or version != "v1":
        shown = f"{version}, Kind={kind}" if "/" in version else f"/{version}, Kind={kind}"
        raise bad_request(f"cannot bind token to object of type {shown}")
    name, plural = reference.get("name") or "", _BOUND[kind]
    found = lookup(plural, "" if kind == "Node" else account["namespace"], name)
    if found is None:
        details = {"name": name, "kind": plural}
        raise StatusError(404, "NotFound", f'{plural} "{name}" not found', details)
    uid, wanted = found["metadata"]["uid"], reference.get("uid")
    if wanted and wanted != uid:
        why = (
            f"the UID in the bound object reference ({wanted}) does not match the UID in record. "
            "The object might have been deleted and then recreated"
        )
        text = f'Operation cannot be fulfilled on {kind} "{name}": {why}'
        raise StatusError(409, "Conflict", text, {"name": name, "kind": kind})
    if kind != "Pod":
        return Bound(kind.lower(), name, uid)
    spec = found["spec"]
    if (spec.get("serviceAccountName") or "default") != account["name"]:
        raise bad_request(
            f'cannot bind token for serviceaccount "{account["name"]}" to pod running with '
            "different serviceaccount name."
        )
    node = spec.get("nodeName") or ""
    held = lookup("nodes", "", node) if node else None
    return Bound("pod", name, uid, (node, held["metadata"]["uid"] if held else ""))


def _invalid(errors: list[FieldError]) -> StatusError:
    causes = [{"reason": e.reason, "message": e.body, "field": e.field} for e in errors]
    text = ", ".join(map(str, errors))
    details = {"group": _GROUP, "kind": "TokenRequest", "causes": causes}
    return StatusError(422, "Invalid", f'TokenRequest.{_GROUP} "" is invalid: {text}', details)
