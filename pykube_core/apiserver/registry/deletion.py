"""Deletions of one object as it was read; bytes are spliced where nothing else changes.

The rules are `lifecycle.mark_deleted`; `Batch.delete` reads and writes.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple, TypedDict

import msgspec

from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.status import conflict, too_large
from pykube_core.apiserver.admission.namespace_lifecycle import admit_deletion
from pykube_core.apiserver.registry import lifecycle
from pykube_core.objects import ApiObject
from pykube_core.objects.encoded import OBJECT_BYTES_MAX


class DeleteOptions(NamedTuple):
    """Options of a deletion; see `ApiServer.delete`."""

    grace_period_seconds: int | None = None
    propagation: str = ""
    resource_version: str = ""
    dry_run: bool = False


class Deleted(NamedTuple):
    """Outcome of a deletion: the object's last state, and whether it is gone already."""

    object: ApiObject
    gone: bool


class _Spec(TypedDict, total=False):
    nodeName: Any
    terminationGracePeriodSeconds: Any
    finalizers: Any


class _Status(TypedDict, total=False):
    phase: Any


class _View(msgspec.Struct, gc=False):
    """The fields that a deletion looks at; only the metadata are decoded as a whole."""

    metadata: msgspec.Raw
    spec: _Spec = msgspec.field(default_factory=_Spec)
    status: _Status = msgspec.field(default_factory=_Status)


_VIEW: Final = msgspec.json.Decoder(_View)


def deleted(obj: ApiObject, uid: str, options: DeleteOptions, now_ns: int) -> Deleted:
    """Return what a deletion makes of an object, to be written at the revision that it shows.

    The object itself says that there is nothing to write but, where it goes, its deletion. The
    outcome of a dry run is complete.

    Raises
    ------
    StatusError
        403: the namespace may not be deleted. 409: a precondition fails. 500: the mark makes it
        too large.
    """
    resource = obj.resource
    admit_deletion(obj)
    encoded = obj.data
    view = _VIEW.decode(encoded)
    metadata: KubeObject = msgspec.json.decode(view.metadata)
    check_preconditions(obj, metadata["uid"], uid, options.resource_version)
    old: KubeObject = {"metadata": metadata, "spec": view.spec, "status": view.status}
    grace, propagation = options.grace_period_seconds, options.propagation
    new, is_going = lifecycle.mark_deleted(resource, old, grace, propagation, now_ns)
    if new == old:
        return Deleted(obj, is_going)
    if resource.spec_subresource:  # Its status tells of the deletion, too.
        whole: KubeObject = msgspec.json.decode(encoded)
        whole |= {"metadata": new["metadata"], "status": whole.get("status", {}) | new["status"]}
        marked = obj.changed_to(whole)
    else:
        marked = obj.with_members(metadata=new["metadata"])
    if marked.size > OBJECT_BYTES_MAX:
        raise too_large()
    return Deleted(marked.at(0) if options.dry_run else marked, is_going)


def check_preconditions(obj: ApiObject, held: str, uid: str, version: str) -> None:
    """Refuse to delete an object of another uid than ``uid`` or another version: 409; "" is any."""
    why = ""
    if uid and uid != held:
        why = (
            f"the UID in the precondition ({uid}) does not match the UID in record ({held}). "
            "The object might have been deleted and then recreated"
        )
    elif version and version != str(obj.revision):
        why = (
            f"the ResourceVersion in the precondition ({version}) does not match the "
            f"ResourceVersion in record ({obj.revision}). The object might have been modified"
        )
    if why:
        kind = obj.resource.kind
        raise conflict(obj.resource, obj.name, why, qualified=kind, kind=kind)
