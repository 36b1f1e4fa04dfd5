"""Failures of the API as ``Status`` objects, with Kubernetes' reasons and words.

Source: ``k8s.io/apimachinery/pkg/api/errors`` v0.36, and recorded answers of kube-apiserver 1.36.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from pykube_core.api.machinery.field_errors import FieldError, invalid_text, quoted
from pykube_core.api.machinery.objects import KubeObject

if TYPE_CHECKING:
    from pykube_core.api.machinery.registry import Resource

MODIFIED: Final = (
    "the object has been modified; please apply your changes to the latest version and try again"
)
_CONTINUE_EXPIRED: Final = (
    "The provided continue parameter is too old to display a consistent list result. You can start "
    "a new list without the continue parameter, or use the continue token in this response to "
    "retrieve the remainder of the results. Continuing with the provided token results in an "
    "inconsistent list - objects that were created, modified, or deleted between the time the "
    "first chunk was returned and now may show up in the list."
)


class StatusError(Exception):
    """A request failed, and nothing was written.

    Attributes
    ----------
    code : int
        The HTTP status.
    reason : str
        Such as "NotFound"; "" where Kubernetes gives none.
    message : str
        For people.
    details : dict or None
        Name, group and kind of the object, causes, seconds to wait.
    next_page : str
        A continue token that goes on without consistency, for an expired one; else "".
    """

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        details: KubeObject | None = None,
        next_page: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.next_page = next_page

    def status(self) -> KubeObject:
        """Return the ``Status`` object that a client gets."""
        out: KubeObject = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {"continue": self.next_page} if self.next_page else {},
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            out["reason"] = self.reason
        if self.details is not None:
            out["details"] = self.details
        return out | {"code": self.code}


def success(resource: Resource, name: str, uid: str) -> KubeObject:
    """Return the ``Status`` that answers a deletion."""
    details = _details(resource, name) | {"uid": uid}
    head = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    return head | {"details": details}


def not_found(resource: Resource, name: str) -> StatusError:
    """Return the error of a name that nothing has."""
    message = f"{resource.qualified} {quoted(name)} not found"
    return StatusError(404, "NotFound", message, _details(resource, name))


def already_exists(resource: Resource, name: str) -> StatusError:
    """Return the error of a name that is taken."""
    message = f"{resource.qualified} {quoted(name)} already exists"
    return StatusError(409, "AlreadyExists", message, _details(resource, name))


def conflict(
    resource: Resource, name: str, why: str = MODIFIED, *, qualified: str = "", kind: str = ""
) -> StatusError:
    """Return the error of a write that something else has overtaken.

    ``qualified`` and ``kind`` stand in for the resource's, as upstream has it for a precondition
    of a deletion (the kind) and for a binding (``pods/binding``).
    """
    message = (
        f"Operation cannot be fulfilled on {qualified or resource.qualified} {quoted(name)}: {why}"
    )
    details = _details(resource, name) | ({"kind": kind} if kind else {})
    return StatusError(409, "Conflict", message, details)


def invalid(resource: Resource, name: str, errors: Sequence[FieldError]) -> StatusError:
    """Return the error of an object that breaks rules."""
    details = _details(resource, name) | {"kind": resource.kind, "causes": _causes(errors)}
    return StatusError(422, "Invalid", invalid_text(resource.qualified_kind, name, errors), details)


def invalid_options(options: str, errors: Sequence[FieldError]) -> StatusError:
    """Return the error of parameters of a request, such as those of ``ListOptions``."""
    details = {"group": "meta.k8s.io", "kind": options, "causes": _causes(errors)}
    message = invalid_text(f"{options}.meta.k8s.io", "", errors)
    return StatusError(422, "Invalid", message, details)


def bad_request(message: str) -> StatusError:
    """Return the error of a request that cannot be read."""
    return StatusError(400, "BadRequest", message)


def method_not_allowed() -> StatusError:
    """Return the error of something that a resource cannot do."""
    message = "the server does not allow this method on the requested resource"
    return StatusError(405, "MethodNotAllowed", message, {})


def forbidden(
    resource: Resource, name: str, why: str, causes: Sequence[KubeObject] = ()
) -> StatusError:
    """Return the error of an admission rule that refuses."""
    details = _details(resource, name) | ({"causes": list(causes)} if causes else {})
    message = f"{resource.qualified} {quoted(name)} is forbidden: {why}"
    return StatusError(403, "Forbidden", message, details)


def expired(message: str) -> StatusError:
    """Return the error of a resource version that was compacted."""
    return StatusError(410, "Expired", message)


def continue_expired(next_page: str) -> StatusError:
    """Return the error of a page of a revision that was compacted, with a token to go on."""
    return StatusError(410, "Expired", _CONTINUE_EXPIRED, next_page=next_page)


def too_large_version(revision: int, current: int) -> StatusError:
    """Return the error of a resource version of the future."""
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    message = f"Timeout: Too large resource version: {revision}, current: {current}"
    return StatusError(504, "Timeout", message, {"causes": [cause], "retryAfterSeconds": 1})


def bad_version(text: str) -> StatusError:
    """Return the error of a resource version that is no number."""
    why = f"strconv.ParseUint: parsing {quoted(text)}: invalid syntax"
    return StatusError(500, "", f"resourceVersion: Invalid value: {quoted(text)}: {why}")


def too_large() -> StatusError:
    """Return the error of an object beyond the store's limit, as the store's error surfaces."""
    return StatusError(500, "", "etcdserver: request is too large")


def corrupt(key: str, why: str) -> StatusError:
    """Return the error of what another program put in an object's place in the store."""
    return StatusError(500, "InternalError", f"unable to decode {quoted(key)}: {why}")


def _details(resource: Resource, name: str) -> KubeObject:
    out: KubeObject = {"name": name} if name else {}
    if resource.group:
        out["group"] = resource.group
    return out | {"kind": resource.plural}


def _causes(errors: Sequence[FieldError]) -> list[KubeObject]:
    return [{"reason": e.reason, "message": e.body, "field": e.field} for e in errors]
