"""The API in process: the one way to the store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pykube_core.api.builtin import BUILTIN
from pykube_core.api.core import NAMESPACES
from pykube_core.api.machinery.field_errors import required
from pykube_core.api.machinery.objects import KubeObject, name_of
from pykube_core.api.machinery.registry import Registry, Resource
from pykube_core.api.machinery.status import (
    StatusError,
    continue_expired,
    expired,
    not_found,
    too_large_version,
)
from pykube_core.api.scheduling import PRIORITY_CLASSES
from pykube_core.api.scheduling.priority import SYSTEM_PRIORITIES
from pykube_core.apiserver.registry.batch import Batch
from pykube_core.apiserver.registry.binding import Binding
from pykube_core.apiserver.registry.deletion import Deleted, DeleteOptions
from pykube_core.apiserver.registry.lists import ObjectList, list_revision, page, read_version
from pykube_core.apiserver.registry.paging import INCONSISTENT, decode_token, encode_token
from pykube_core.apiserver.registry.selection import Selection
from pykube_core.apiserver.registry.unvalidated import check_decodable
from pykube_core.apiserver.registry.versions import shown
from pykube_core.apiserver.registry.watch import ObjectWatch
from pykube_core.apiserver.registry.writing import Writer
from pykube_core.objects import ApiObject
from pykube_core.store import CompactedError, StoreLike, prefix_end

SYSTEM_NAMESPACES: Final = ("default", "kube-node-lease", "kube-public", "kube-system")


class ApiServer(Writer):
    """Kubernetes' API over a store: what kube-apiserver does, without HTTP.

    Objects go in as decoded JSON and come out as `ApiObject`. Every method raises `StatusError`
    with Kubernetes' reason and words; what fails, and what is a dry run, writes nothing. Writes
    compare the revision that they read, so several servers may share a store.

    Parameters
    ----------
    store : StoreLike
    registry : Registry
        The resources that it serves.
    clock : callable
        Nanoseconds since the epoch.
    seed : int
        Of uids and generated names.

    Attributes
    ----------
    written : Written
        The revisions that it has written.
    batch : Batch
        Writes of many objects.
    """

    def __init__(
        self,
        store: StoreLike,
        *,
        clock: Callable[[], int],
        registry: Registry = BUILTIN,
        seed: int = 0,
    ) -> None:
        super().__init__(store, clock, seed)
        self.registry = registry
        self.batch = Batch(
            store, self._identity, clock, self._expiry, self.written,
            prepare=self._prepared, create_one=self.create,
        )  # fmt: skip

    @property
    def revision(self) -> int:
        """The resource version of now."""
        return self._store.revision

    def bootstrap(self) -> None:
        """Create the system's namespaces and priority classes that are missing."""
        for name in SYSTEM_NAMESPACES:
            self._ensure(NAMESPACES, {"metadata": {"name": name}})
        for name, value in SYSTEM_PRIORITIES.items():
            self._ensure(PRIORITY_CLASSES, {"metadata": {"name": name}, "value": value})

    def _ensure(self, resource: Resource, obj: KubeObject) -> None:
        if self._store.get(resource.key("", name_of(obj))) is None:
            self.create(resource, obj)

    def get(self, resource: Resource, name: str, namespace: str = "") -> ApiObject:
        """Return an object: 404 when there is none."""
        key = resource.key(namespace or "default", name)
        kv = self._store.get(key)
        if kv is None:
            raise not_found(resource, name)
        check_decodable(self.written, resource.stored, kv)
        return shown(resource, ApiObject.parse(resource.stored, key, kv.value, kv.mod_revision))

    def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str = "",
        *,
        grace_period_seconds: int | None = None,
        uid: str = "",
        resource_version: str = "",
        propagation: str = "",
        dry_run: bool = False,
    ) -> Deleted:
        """Delete an object, or mark it: pods get time to end, finalizers hold what they are on.

        Parameters
        ----------
        grace_period_seconds : int, optional
            0 deletes at once; by default a pod's own.
        uid, resource_version : str
            409 when the object has others.
        propagation : str
            "Background", "Foreground" or "Orphan"; what becomes of dependents is done by the
            garbage collector.

        Raises
        ------
        StatusError
            403: the namespace may not be deleted. 404: it is not there. 409: a precondition fails.
            422: there is no such propagation.
        """
        options = DeleteOptions(grace_period_seconds, propagation, resource_version, dry_run)
        targets = [(namespace or "default", name, uid)]
        outcome = self.batch.delete_with(resource.stored, targets, options)[0]
        if isinstance(outcome, StatusError):
            raise outcome
        return outcome._replace(object=shown(resource, outcome.object))

    def delete_collection(
        self,
        resource: Resource,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
        grace_period_seconds: int | None = None,
        propagation: str = "",
    ) -> list[Deleted]:
        """Delete every object that is selected; one that goes meanwhile is left out."""
        found = self.list(
            resource, namespace, label_selector=label_selector, field_selector=field_selector
        )
        outcomes = self.batch.delete(
            resource.stored,
            [(obj.namespace, obj.name, "") for obj in found.items],
            grace_period_seconds=grace_period_seconds,
            propagation=propagation,
        )
        for outcome in outcomes:
            if isinstance(outcome, StatusError) and outcome.code != 404:
                raise outcome
        return [outcome for outcome in outcomes if isinstance(outcome, Deleted)]

    def bind(self, name: str, namespace: str, node: str, uid: str = "") -> None:
        """Give a pod its node: 409 when it has one, is being deleted or has gates.

        Without the name of a node it is a 500, as upstream's check of a Binding surfaces.
        """
        if not node:
            raise StatusError(500, "", str(required("target.name")))
        outcome = self.batch.bind([Binding(namespace, name, node, uid)])[0]
        if isinstance(outcome, StatusError):
            raise outcome

    def new_uids(self, count: int) -> list[str]:
        """Return uids for objects that a component encodes itself."""
        return self._identity.uids(count)

    def new_names(self, prefix: str, count: int) -> list[str]:
        """Return generated names for such objects; they may repeat."""
        return self._identity.names(prefix, count)

    def new_moments_ns(self, now_ns: int, count: int) -> int:
        """Return the first of so many times for names of such objects, as events have them.

        Nobody else gets one of them.
        """
        return self._identity.moments_ns(now_ns, count)

    def list(
        self,
        resource: Resource,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
        limit: int = 0,
        next_page: str = "",
        resource_version: str = "",
        resource_version_match: str = "",
    ) -> ObjectList:
        """Return the objects of a namespace or of all, or a page of them.

        Parameters
        ----------
        limit : int
            How many at most; 0 is no limit.
        next_page : str
            The token that the page before gave: 410 when its revision is compacted.
        resource_version, resource_version_match : str
            "Exact" reads at that version; otherwise the list is of now, which is not older.
        """
        selection = Selection(resource, label_selector, field_selector)
        current = self._store.revision
        revision = list_revision(resource_version, resource_version_match, next_page, current)
        prefix = resource.range_prefix(namespace)
        start, end = prefix, prefix_end(prefix)
        if next_page:
            revision, start = decode_token(next_page, prefix)
        try:
            span, revision = (start, end), max(revision, 0)
            found = page(self._store, self.written, selection, prefix, span, limit, revision)
        except CompactedError:
            if not next_page:
                raise expired("The resourceVersion for the provided list is too old.") from None
            raise continue_expired(encode_token(INCONSISTENT, prefix, start)) from None
        if resource.storage is None:
            return found
        return found._replace(items=[shown(resource, obj) for obj in found.items])

    def watch(
        self,
        resource: Resource,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
        resource_version: str = "",
        send_initial_events: bool = False,
    ) -> ObjectWatch:
        """Watch a resource, from a version on or, without one, beginning with all that is there.

        ``send_initial_events`` begins with all that is there and a bookmark, whatever the version.
        """
        selection = Selection(resource, label_selector, field_selector)
        version = read_version(resource_version) if resource_version else 0
        current = self._store.revision
        if version > current:
            raise too_large_version(version, current)
        initial: list[ApiObject] = []
        if not version or send_initial_events:
            listed = self.list(
                resource, namespace, label_selector=label_selector, field_selector=field_selector
            )
            initial, version = listed.items, listed.revision
        prefix = resource.range_prefix(namespace)
        cursor = self._store.watch(
            prefix, prefix_end(prefix), start_revision=version + 1, prev_kv=True
        )
        return ObjectWatch(
            resource, selection, cursor, version, initial, send_initial_events, self.written
        )
