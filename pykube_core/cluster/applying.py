"""``kubectl apply``, one object at a time, with the requests that kubectl makes.

Source: ``k8s.io/kubectl/pkg/cmd/apply`` v0.36, client side. Difference: a file that writes the same
amounts in another notation leaves the annotation of what was applied last as it is, so that nothing
of the object changes.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from pykube_core.api.machinery.equality import means_the_same
from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.patch import STRATEGIC_MERGE_PATCH
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.status import StatusError
from pykube_core.api.machinery.strategic_merge import PatchError
from pykube_core.api.machinery.three_way import (
    LAST_APPLIED,
    last_applied,
    three_way_patch,
    with_last_applied,
)
from pykube_core.apiserver import ApiObject, ApiServer
from pykube_core.cluster.reading import Manifests, read_manifests


class Applied(NamedTuple):
    """An object after `apply_object`, and kubectl's word for what became of it."""

    object: ApiObject
    outcome: Literal["created", "configured", "unchanged"]


class UnservedKindError(InputError):
    """Manifests hold kinds that the cluster does not serve; what else they hold is applied.

    Attributes
    ----------
    applied : list of Applied
        The objects that would have been returned without them.
    """

    applied: list[Applied]

    def __init__(self, errors: list[InputError], applied: list[Applied]) -> None:
        first, *rest = errors
        more = "".join(f"; {error}" for error in rest)
        others = f"; applied: {len(applied)}" if applied else ""
        reason = f"{first.reason}{more}{others}"
        super().__init__(reason, source=first.source, object=first.object)
        self.applied = applied


def apply_manifests(server: ApiServer, manifests: Manifests, namespace: str) -> list[Applied]:
    """Bring objects to what manifests say, one after the other.

    Raises
    ------
    InputError
        Something cannot be read; nothing was applied.
    UnservedKindError
        Some are of kinds that are not served; the others are applied.
    StatusError
        The API server refused an object; those before it are applied.
    """
    objects, unserved = read_manifests(manifests, server.registry)
    done = [apply_object(server, resource, obj, namespace) for resource, obj in objects]
    if unserved:
        raise UnservedKindError(unserved, done)
    return done


def apply_object(
    server: ApiServer,
    resource: Resource,
    obj: KubeObject,
    namespace: str = "",
    *,
    dry_run: bool = False,
) -> Applied:
    """Bring an object to what a manifest says: GET, then POST, PATCH or nothing.

    Parameters
    ----------
    namespace : str
        Where an object goes that names none; "default" by default.

    Raises
    ------
    StatusError
        As the API server answers; 400 when the annotation of what was applied last is no JSON.
    """
    given = obj.get("metadata")
    metadata: KubeObject = given if isinstance(given, dict) else {}
    where = str(metadata.get("namespace") or namespace or "default") if resource.namespaced else ""
    annotations, name = metadata.get("annotations") or {}, metadata.get("name") or ""
    if not (
        isinstance(given or {}, dict) and isinstance(annotations, dict) and isinstance(name, str)
    ):
        # No metadata that could be asked for or annotated: the API server says why.
        return Applied(server.create(resource, obj, where, dry_run=dry_run), "created")
    modified = with_last_applied(obj)
    try:
        held = server.get(resource, name, where)
    except StatusError as error:
        if error.code != 404:
            raise
        return Applied(server.create(resource, modified, where, dry_run=dry_run), "created")
    current = held.decode()
    try:
        original = last_applied(current)
    except ValueError as error:
        raise StatusError(400, "BadRequest", f"last-applied-configuration: {error}") from None
    if means_the_same(resource.struct, last_applied(modified), original):
        # The file says nothing new: what it said first stays, as an annotation makes a generation.
        annotations = modified["metadata"]["annotations"]
        annotations[LAST_APPLIED] = current["metadata"]["annotations"][LAST_APPLIED]
    try:
        patch = three_way_patch(resource.struct, original, modified, current)
    except PatchError as error:
        raise StatusError(400, "BadRequest", f"creating patch: {error}") from None
    if not patch:
        return Applied(held, "unchanged")
    changed = server.patch(
        resource,
        patch,
        name,
        where,
        patch_type=STRATEGIC_MERGE_PATCH,
        dry_run=dry_run,
    )
    return Applied(changed, "configured")
