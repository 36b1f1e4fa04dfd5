"""The life of an object: from its creation through updates to its deletion.

Functions of decoded objects and the time alone; they touch no store.

Source: ``k8s.io/apiserver/pkg/registry/rest`` (create.go, update.go, delete.go) and
``pkg/registry/generic/registry/store.go`` v0.36.
"""

from __future__ import annotations

from typing import Final

from pykube_core.api.intake import Mode, complete
from pykube_core.api.machinery.decoding import DecodeError, decode
from pykube_core.api.machinery.equality import means_the_same
from pykube_core.api.machinery.field_errors import NEGATIVE, FieldError, forbidden, not_supported
from pykube_core.api.machinery.field_errors import invalid as invalid_field
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.patch import (
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC_MERGE_PATCH,
    PatchTestError,
    json_patch,
    merge_patch,
)
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.status import (
    StatusError,
    bad_request,
    conflict,
    invalid,
    invalid_options,
)
from pykube_core.api.machinery.strategic_merge import PatchError, strategic_merge_patch
from pykube_core.api.machinery.times import NANO, parse_time, time_text
from pykube_core.apiserver.registry.managed import Applied, Tracked

ORPHAN: Final = "orphan"
FOREGROUND: Final = "foregroundDeletion"

_SERVER_OWNED: Final = ("resourceVersion", "managedFields", "selfLink")
_CREATION_OWNED: Final = ("deletionTimestamp", "deletionGracePeriodSeconds", "generation")
_DELETION_METADATA: Final = ("deletionTimestamp", "deletionGracePeriodSeconds")
_PROPAGATIONS: Final = ("Foreground", "Background", "Orphan")
_SCALE_GROUP: Final = "autoscaling"
_SCALE: Final = "autoscaling.v1.Scale"


def adopt_namespace(resource: Resource, obj: KubeObject, namespace: str) -> str:
    """Set the namespace of an object that a request sends; return it.

    Raises
    ------
    StatusError
        400: object and request name two.
    """
    metadata = obj["metadata"]
    given = metadata.get("namespace") or ""
    wanted = namespace or given or "default" if resource.namespaced else ""
    if given and given != wanted:
        raise bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    if wanted:
        metadata["namespace"] = wanted
    else:
        metadata.pop("namespace", None)
    return wanted


def begin(
    resource: Resource,
    obj: KubeObject,
    uid: str,
    now_ns: int,
    tracked: Tracked | Applied | None = None,
) -> None:
    """Make a decoded object a new one, in place: the server's own metadata and its defaults."""
    metadata = obj["metadata"]
    for field in (*_SERVER_OWNED, *_CREATION_OWNED):
        metadata.pop(field, None)
    metadata["uid"] = uid
    metadata["creationTimestamp"] = time_text(now_ns)
    if resource.counts_generations:
        metadata["generation"] = 1
    complete(resource, obj, Mode.SERVER)
    if tracked is not None and (entries := tracked.entries(None, obj)):
        metadata["managedFields"] = entries
    resource.prepare(obj)


def change(
    resource: Resource,
    new: KubeObject,
    old: KubeObject,
    subresource: str,
    tracked: Tracked | Applied | None = None,
) -> KubeObject:
    """Return an old object with what a new one may change of it.

    Parameters
    ----------
    new : dict
        Decoded and owned by the caller.
    subresource : str
        "" writes all but the status; "status", or the one that writes the spec, nothing else.

    Raises
    ------
    StatusError
        409: the uid is another's. 422: the object, or the change, breaks rules.
    """
    uid, name = new["metadata"].get("uid"), name_of(old)
    was = old["metadata"]
    if uid and uid != was["uid"]:
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {was['uid']}"
        raise conflict(resource, name, why)
    if subresource:
        part = "status" if subresource == "status" else "spec"
        new = {key: value for key, value in (old | {part: new.get(part, {})}).items()}
        new["metadata"] = dict(was)
        if part == "status":
            complete(resource, new, Mode.SERVER)
            _track(new, old, tracked)
            resource.prepare_status_update(new, old)
            errors = resource.validate_status_update(new, old)
        else:
            errors = resource.validate_spec_update(new, old)
    else:
        complete(resource, new, Mode.SERVER)
        _keep(new, old, "status" if resource.has_status else "")
        _keep(new, old, "spec" if resource.spec_subresource else "")
        sent = new["metadata"].get("managedFields")
        errors = _change_metadata(new["metadata"], was)
        _track(new, old, tracked, sent)
        resource.prepare_update(new, old)
        if resource.counts_generations and _is_new_generation(resource, new, old):
            new["metadata"]["generation"] = was.get("generation", 0) + 1
        errors += resource.validate(new) + resource.validate_update(new, old)
    if errors:
        raise invalid(resource, name, errors)
    return new


def _track(
    new: KubeObject, old: KubeObject, tracked: Tracked | Applied | None, sent: Json = None
) -> None:
    """Give a changed object its managed fields, in place."""
    metadata = new["metadata"]
    if tracked is None:
        entries = old["metadata"].get("managedFields")
    else:
        given = metadata if sent is None else metadata | {"managedFields": sent}
        entries = tracked.entries(old, new | {"metadata": given})
    metadata.pop("managedFields", None)
    if entries:
        metadata["managedFields"] = entries


def _keep(new: KubeObject, old: KubeObject, part: str) -> None:
    if part in old:
        new[part] = old[part]
    else:
        new.pop(part, None)


def _change_metadata(metadata: KubeObject, was: KubeObject) -> list[FieldError]:
    # Metadata that the server set stay as they are; they cannot be set by an update either.
    errors = []
    metadata.pop("creationTimestamp", None)
    if "deletionTimestamp" in was:
        metadata.pop("deletionTimestamp", None)
    for field in _DELETION_METADATA:
        if field in metadata and metadata[field] != was.get(field):
            detail = "field is immutable"
            errors.append(invalid_field(f"metadata.{field}", metadata[field], detail))
    added = [f for f in metadata.get("finalizers", ()) if f not in was.get("finalizers", ())]
    if "deletionTimestamp" in was and added:
        listed = ", ".join(f'"{finalizer}"' for finalizer in sorted(added))
        detail = (
            "no new finalizers can be added if the object is being deleted, "
            f"found new finalizers []string{{{listed}}}"
        )
        errors.append(forbidden("metadata.finalizers", detail))
    for field in _SERVER_OWNED:
        metadata.pop(field, None)
    kept = ("uid", "generateName", "generation", "creationTimestamp", *_DELETION_METADATA)
    for field in kept:
        metadata.pop(field, None)
        if field in was:
            metadata[field] = was[field]
    return errors


def _is_new_generation(resource: Resource, new: KubeObject, old: KubeObject) -> bool:
    before, after = (
        {key: value for key, value in obj.items() if key not in ("metadata", "status")}
        for obj in (old, new)
    )
    if not means_the_same(resource.struct, before, after):
        return True
    annotations = new["metadata"].get("annotations"), old["metadata"].get("annotations")
    return resource.counts_annotations and annotations[0] != annotations[1]


def apply_patch(resource: Resource, old: KubeObject, patch: Json, patch_type: str) -> Json:
    """Return an object changed as a patch of this media type says: 400, 415 or 422."""
    try:
        match patch_type:
            case value if value == MERGE_PATCH:
                return merge_patch(old, patch)
            case value if value == STRATEGIC_MERGE_PATCH:
                return strategic_merge_patch(resource.struct, old, patch)
            case value if value == JSON_PATCH:
                return json_patch(old, patch)
    except PatchTestError:
        text = "the server rejected our request due to an error in our request"
        raise StatusError(422, "Invalid", text, {}) from None
    except PatchError as error:
        raise bad_request(str(error)) from None
    raise StatusError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})


def scale_of(obj: KubeObject) -> KubeObject:
    """Return the ``Scale`` that shows an object's replicas."""
    metadata = obj["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    selector = obj["spec"].get("selector") or {}
    terms = [f"{key}={value}" for key, value in sorted(selector.get("matchLabels", {}).items())]
    status: KubeObject = {"replicas": obj.get("status", {}).get("replicas", 0)}
    if terms:
        status["selector"] = ",".join(terms)
    return {
        "kind": "Scale",
        "apiVersion": f"{_SCALE_GROUP}/v1",
        "metadata": {key: metadata[key] for key in kept if key in metadata},
        "spec": {"replicas": obj["spec"].get("replicas", 0)},
        "status": status,
    }


def scaled(obj: KubeObject, scale: Json) -> KubeObject:
    """Return an object with the replicas of a ``Scale``.

    Raises
    ------
    StatusError
        400: it is none. 422: the number is negative.
    """
    try:
        replicas = decode(_SCALE, scale).get("spec", {}).get("replicas", 0)
    except DecodeError as error:
        raise bad_request(str(error)) from None
    if replicas < 0:
        error_ = invalid_field("spec.replicas", replicas, NEGATIVE)
        cause = {"reason": error_.reason, "message": error_.body, "field": error_.field}
        details = {"name": name_of(obj), "group": _SCALE_GROUP, "kind": "Scale", "causes": [cause]}
        message = f'Scale.{_SCALE_GROUP} "{name_of(obj)}" is invalid: {error_}'
        raise StatusError(422, "Invalid", message, details)
    version = (scale.get("metadata") or {}).get("resourceVersion")
    metadata = dict(obj["metadata"])
    metadata.pop("resourceVersion", None)
    if version:
        metadata["resourceVersion"] = version
    return obj | {"metadata": metadata, "spec": obj["spec"] | {"replicas": replicas}}


def may_go(obj: KubeObject) -> bool:
    """Say whether an object that is being deleted waits for nothing any more."""
    metadata = obj["metadata"]
    if "deletionTimestamp" not in metadata or metadata.get("deletionGracePeriodSeconds"):
        return False
    return not _holds(obj)


def _holds(obj: KubeObject) -> bool:
    """Say whether finalizers hold an object; a namespace has some in its spec too."""
    return bool(obj["metadata"].get("finalizers") or obj.get("spec", {}).get("finalizers"))


def mark_deleted(
    resource: Resource,
    old: KubeObject,
    grace_period_seconds: int | None,
    propagation: str,
    now_ns: int,
) -> tuple[KubeObject, bool]:
    """Return an object with a deletion's marks, and whether it goes at once.

    An object that gets time for its deletion has its marks written even when that time is none; any
    other that goes at once stays as it is, and so does one with all marks.
    """
    metadata = dict(old["metadata"])
    new = old | {"metadata": metadata}
    _set_propagation(metadata, propagation)
    asked = grace_period_seconds
    if asked is not None and asked < 0:
        asked = 1
    begun = "deletionTimestamp" in metadata
    held = metadata.get("deletionGracePeriodSeconds", 0)
    given = resource.grace(old, asked)
    if begun:
        grace = held if asked is None else min(asked, held)
    else:
        grace = given or 0
    is_going = not grace and not _holds(new)
    if is_going and given is None:
        return old, True
    if not begun:
        metadata["deletionTimestamp"] = time_text(now_ns + grace * NANO)
        metadata["deletionGracePeriodSeconds"] = grace
        if "generation" in metadata:
            metadata["generation"] += 1
        if resource.spec_subresource:
            new["status"] = old.get("status", {}) | {"phase": "Terminating"}
    elif grace < held:
        began_ns = parse_time(metadata["deletionTimestamp"]) - held * NANO
        metadata["deletionTimestamp"] = time_text(began_ns + grace * NANO)
        metadata["deletionGracePeriodSeconds"] = grace
    return new, is_going


def check_propagation(propagation: str) -> None:
    """Refuse a propagation policy that there is not (422); "" leaves it to what is there."""
    if propagation and propagation not in _PROPAGATIONS:
        supported = (*_PROPAGATIONS, "nil")
        error = not_supported("propagationPolicy", propagation, supported)
        raise invalid_options("DeleteOptions", [error])


def _set_propagation(metadata: KubeObject, propagation: str) -> None:
    finalizers = metadata.get("finalizers", [])
    if propagation:
        wanted = {"Orphan": [ORPHAN], "Foreground": [FOREGROUND]}.get(propagation, [])
        finalizers = [f for f in finalizers if f not in (ORPHAN, FOREGROUND)] + wanted
    if finalizers:
        metadata["finalizers"] = finalizers
    else:
        metadata.pop("finalizers", None)
