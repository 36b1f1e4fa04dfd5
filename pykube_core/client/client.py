"""The API as a component needs it, whoever serves it.

`pykube_core.apiserver.ApiServer` is such a client in its own process; one over HTTP has the same
methods and raises the same `StatusError`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pykube_core.api.machinery.objects import Json
from pykube_core.api.machinery.patch import MERGE_PATCH
from pykube_core.api.machinery.registry import Registry, Resource
from pykube_core.apiserver import Deleted, ObjectList, ObjectWatch
from pykube_core.apiserver.registry.batch import Batch
from pykube_core.objects import ApiObject

Warnings = list[str]
"""Collects the warnings of a request."""


class Client(Protocol):
    """The API as a component sees it: the verbs, batches of them, and names for what is new.

    Attributes
    ----------
    registry : Registry
        The resources that are served.
    batch : Batch
        Writes of many objects.
    """

    registry: Registry
    batch: Batch

    @property
    def revision(self) -> int:
        """The resource version of now."""
        ...

    def get(self, resource: Resource, name: str, namespace: str = "") -> ApiObject:
        """Return an object: 404 when there is none."""
        ...

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
        """Return the objects of a namespace or of all, or a page of them."""
        ...

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
        """Watch a resource from a version on, or beginning with all that is there."""
        ...

    def create(
        self,
        resource: Resource,
        obj: Json,
        namespace: str = "",
        *,
        dry_run: bool = False,
        field_validation: str = "Strict",
        warnings: Warnings | None = None,
    ) -> ApiObject:
        """Create an object: 409 when its name is taken."""
        ...

    def update(
        self,
        resource: Resource,
        obj: Json,
        name: str = "",
        namespace: str = "",
        *,
        subresource: str = "",
        dry_run: bool = False,
        field_validation: str = "Strict",
        warnings: Warnings | None = None,
    ) -> ApiObject:
        """Replace an object, or the part that a subresource writes."""
        ...

    def patch(
        self,
        resource: Resource,
        patch: Json,
        name: str,
        namespace: str = "",
        *,
        patch_type: str = MERGE_PATCH,
        subresource: str = "",
        dry_run: bool = False,
        field_validation: str = "Strict",
        warnings: Warnings | None = None,
    ) -> ApiObject:
        """Change an object, or what a subresource shows of it, as a patch says."""
        ...

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
        """Delete an object, or mark it."""
        ...

    def new_uids(self, count: int) -> Sequence[str]:
        """Return uids for objects that a component encodes itself."""
        ...

    def new_names(self, prefix: str, count: int) -> Sequence[str]:
        """Return generated names for such objects; they may repeat."""
        ...

    def new_moments_ns(self, now_ns: int, count: int) -> int:
        """Return the first of so many times for names of such objects, as events have them."""
        ...
