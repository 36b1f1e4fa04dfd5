"""Ownership of objects: owner references, adoption and release.

Source: ``k8s.io/kubernetes/pkg/controller/controller_ref_manager.go`` v1.34.1 to v1.37.2.
Difference: whether an owner is being deleted is not asked again before it adopts, since the log has
it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Generic, Protocol, TypeVar

import msgspec

from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.patch import STRATEGIC_MERGE_PATCH
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.selectors import LabelSelector
from pykube_core.api.machinery.status import StatusError
from pykube_core.client import Client
from pykube_core.client.work_queue import WorkQueue
from pykube_core.objects import ApiObject


class OwnerReference(msgspec.Struct, gc=False):
    """An owner reference, as far as controllers read it."""

    uid: str
    controller: bool = False


class Dependent(Protocol):
    """An object that a controller may own.

    Attributes
    ----------
    uid : str
    owner : str
        The uid of its controller; "" when it has none.
    labels : dict
    """

    @property
    def uid(self) -> str: ...  # noqa: D102
    @property
    def owner(self) -> str: ...  # noqa: D102
    @property
    def labels(self) -> dict[str, str]: ...  # noqa: D102


_D = TypeVar("_D", bound=Dependent)


class _Status(msgspec.Struct, gc=False):
    conditions: list[KubeObject] = []
    collisionCount: Annotated[int, msgspec.Meta(ge=0)] | None = None


def check_status(status: KubeObject) -> None:
    """Refuse a status whose conditions cannot be gone on from.

    Raises
    ------
    msgspec.ValidationError
    """
    msgspec.convert(status, _Status)


def controller_of(references: list[OwnerReference]) -> str:
    """Return the uid of the controller among owner references; "" when there is none."""
    for reference in references:
        if reference.controller:
            return reference.uid
    return ""


def always(dependent: object) -> bool:
    """Say yes, whatever the dependent is."""
    return True


def controller_reference(resource: Resource, name: str, uid: str) -> KubeObject:
    """Return the owner reference that makes an object the controller of another."""
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "name": name,
        "uid": uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


class Ownership(Generic[_D]):
    """The dependents of one kind of owner, and those that an owner may adopt or has to release.

    Parameters
    ----------
    resource : Resource
        Of the dependents.
    queue : WorkQueue
        Gets the uid of each owner that a change touches.
    adopts, releases : callable
        Say whether a dependent may be adopted, and released. No controller adopts what is being
        deleted; which others it leaves alone differs.
    """

    def __init__(
        self,
        resource: Resource,
        queue: WorkQueue,
        *,
        adopts: Callable[[_D], bool],
        releases: Callable[[_D], bool],
    ) -> None:
        self._resource = resource
        self._queue = queue
        self._adopts = adopts
        self._releases = releases
        self._held: dict[bytes, _D] = {}
        self._owned: dict[str, dict[bytes, _D]] = {}
        self._orphans: dict[str, dict[bytes, _D]] = {}
        self._selectors: dict[str, dict[str, LabelSelector]] = {}
        self._selector_of: dict[str, LabelSelector] = {}
        self._claims: dict[str, dict[bytes, None]] = {}
        # The labels that an owner's selector was last found to match: those of its template.
        self._matched: dict[str, dict[str, str]] = {}

    def add_owner(self, uid: str, namespace: str, selector: LabelSelector) -> None:
        """Take in an owner, or another selector of one."""
        if self._selector_of.get(uid) == selector:
            return
        self._selectors.setdefault(namespace, {})[uid] = selector
        self._selector_of[uid] = selector
        self._matched.pop(uid, None)
        claims = self._claims[uid] = {}
        for key, dependent in self._orphans.get(namespace, {}).items():
            if selector.matches(dependent.labels) and self._adopts(dependent):
                claims[key] = None
        for key, dependent in self._owned.get(uid, {}).items():
            if not selector.matches(dependent.labels) and self._releases(dependent):
                claims[key] = None

    def remove_owner(self, uid: str, namespace: str) -> None:
        """Forget an owner; its dependents stay."""
        self._selectors.get(namespace, {}).pop(uid, None)
        self._selector_of.pop(uid, None)
        self._claims.pop(uid, None)
        self._matched.pop(uid, None)

    def get(self, key: bytes) -> _D | None:
        """Return what is known of a dependent; None when there is none."""
        return self._held.get(key)

    def drop(self, key: bytes) -> _D | None:
        """Forget a dependent; return what was known of it."""
        old = self._held.pop(key, None)
        if old is None:
            return None
        table, place = self._owned, old.owner
        if old.owner:
            self._queue.add(old.owner)
        else:
            table, place = self._orphans, self._resource.split_key(key)[0]
        held = table[place]
        del held[key]
        if not held:
            del table[place]
        return old

    def renew(self, key: bytes, dependent: _D) -> None:
        """Keep a newer state of an owned dependent that changes nothing for anybody."""
        self._held[key] = self._owned[dependent.owner][key] = dependent

    def put(self, key: bytes, dependent: _D) -> None:
        """Take in a dependent that is new, or was dropped, or has the same owner as before.

        It becomes the last one of its owner.
        """
        self._held[key] = dependent
        owner = dependent.owner
        if owner:
            owned = self._owned.get(owner)
            if owned is None:
                owned = self._owned[owner] = {}
            owned.pop(key, None)
            owned[key] = dependent
            self._queue.add(owner)
            # Dependents of one owner mostly share their labels, as one object.
            if self._matched.get(owner) is not dependent.labels and self._releases(dependent):
                self._check(key, dependent)
            return
        namespace = self._resource.split_key(key)[0]
        self._orphans.setdefault(namespace, {})[key] = dependent
        if self._adopts(dependent):
            for uid, selector in self._selectors.get(namespace, {}).items():
                if selector.matches(dependent.labels):
                    self._claims[uid][key] = None
                    self._queue.add(uid)

    def _check(self, key: bytes, dependent: _D) -> None:
        """Let an owner release a dependent that its selector does not match."""
        owner = dependent.owner
        selector = self._selector_of.get(owner)
        if selector is None:
            return
        if selector.matches(dependent.labels):
            self._matched[owner] = dependent.labels
        else:
            self._claims[owner][key] = None

    def of(self, uid: str) -> dict[bytes, _D]:
        """Return the dependents of an owner by key; not to be changed."""
        return self._owned.get(uid, {})

    def claim(self, client: Client, uid: str, reference: KubeObject) -> list[ApiObject]:
        """Adopt what matches and has no controller, release what matches no more.

        Parameters
        ----------
        reference : dict
            The reference that makes the owner a controller; see `controller_reference`.

        Returns
        -------
        list of ApiObject
            Objects as written: the caller waits until the log has them, and knows them only then.

        Raises
        ------
        StatusError
            When a write fails otherwise than by a change or loss of the dependent.
        """
        written = []
        claims, self._claims[uid] = self._claims.get(uid, {}), {}
        selector = self._selector_of[uid]
        for key in claims:
            dependent = self._held.get(key)
            if dependent is None or dependent.owner not in ("", uid):
                continue
            owned = dependent.owner == uid
            allowed = self._releases if owned else self._adopts
            if selector.matches(dependent.labels) == owned or not allowed(dependent):
                continue
            change = {"$patch": "delete", "uid": uid} if owned else reference
            namespace, name = self._resource.split_key(key)
            patch = {"metadata": {"uid": dependent.uid, "ownerReferences": [change]}}
            try:
                done = client.patch(
                    self._resource, patch, name, namespace, patch_type=STRATEGIC_MERGE_PATCH
                )
            except StatusError as error:
                # An object that cannot be released as it is now is left alone, as upstream does.
                if error.code in (404, 409) or (owned and error.code == 422):
                    continue
                self._claims[uid] = claims
                raise
            written.append(done)
        return written
