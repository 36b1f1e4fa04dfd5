"""Resources of the API: one entry each, found by kind, by name or by key.

A resource is one declarative entry of its group's package: names, defaulting, validation, rules of
updates, the columns that `kubectl get` shows. Nothing else in the API knows kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple, TypeVar

from pykube_core.api.machinery.columns import NAME_AND_AGE, Column, name_and_age
from pykube_core.api.machinery.field_errors import FieldError
from pykube_core.api.machinery.names import NameRule, dns_subdomain
from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.schema import kind_struct

STORE_PREFIX: Final = "/registry/"

_Key = TypeVar("_Key")


def nothing(obj: KubeObject) -> None:
    """Leave an object as it is."""


def _unchanged(new: KubeObject, old: KubeObject) -> None:
    return None


def nothing_wrong(obj: KubeObject) -> list[FieldError]:
    """Find no fault with an object."""
    return []


def _no_errors(new: KubeObject, old: KubeObject) -> list[FieldError]:
    return []


def _not_graceful(obj: KubeObject, seconds: int | None) -> int | None:
    return None


def _same(obj: KubeObject) -> KubeObject:
    return obj


def selectable(*paths: str, **elsewhere: str) -> dict[str, str]:
    """Return fields for field selectors: most stand where their names say, the others elsewhere."""
    return dict(zip(paths, paths, strict=True)) | elsewhere


@dataclass(frozen=True, kw_only=True)
class SnapshotRules:
    """How the intake reads objects of a snapshot, as far as scheduling reads them.

    Attributes
    ----------
    default, validate : callable, optional
        Where they differ from the resource's own. ``validate`` may also raise `SelectorError`, of
        ``spec.selector``.
    prepare_by_hand : callable
        Give an object that was written by hand those additions of its creation that scheduling
        reads, in place; again without effect.
    """

    default: Callable[[KubeObject], None] | None = None
    validate: Callable[[KubeObject], list[FieldError]] | None = None
    prepare_by_hand: Callable[[KubeObject], None] = nothing


_ALL_VERBS: Final = (
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
)
_PART_VERBS: Final = ("get", "patch", "update")
CREATE: Final = ("create",)
_PROXY_VERBS: Final = ("create", "delete", "get", "patch", "update")


class Subresource(NamedTuple):
    """A part of a resource with a path of its own.

    Attributes
    ----------
    kind, group, version : str
        Of what it is read and written as; "" is the resource's own.
    """

    name: str
    verbs: tuple[str, ...] = _PART_VERBS
    kind: str = ""
    group: str = ""
    version: str = ""


def proxy(options: str) -> Subresource:
    """Return the subresource that passes requests on, and is described by a kind of options."""
    return Subresource("proxy", _PROXY_VERBS, options)


@dataclass(frozen=True, eq=False, kw_only=True)
class Resource:
    """One resource: all that the API has to know of it.

    Attributes
    ----------
    kind, plural, group, version : str
        Such as "Deployment", "deployments", "apps", "v1"; the core group is "".
    short_names, categories : tuple of str
        Its other names for ``kubectl get``.
    namespaced : bool
        False when its objects belong to the cluster.
    stored_as : str
        Its part of the store's keys, where that is not the plural.
    default : callable
        Fill in an object's defaults, in place; again without effect.
    prepare : callable
        Give a new object what creation adds, such as its first status, in place.
    validate : callable
        Return the errors of a new or changed object.
    prepare_update, prepare_status_update : callable
        Give a changed object, or its changed status, what an update adds, of the new and the old
        object, in place.
    validate_create : callable
        Return the further errors of a new object.
    validate_update : callable
        Return the errors of the change of the second object into the first.
    validate_status_update, validate_spec_update : callable
        The same of a change by the subresource of the status, and of the spec.
    name_rule : callable
        The rule of its names.
    counts_generations : bool
        ``metadata.generation`` starts at 1 and grows when anything but metadata and status changes.
    counts_annotations : bool
        Annotations make a generation too.
    has_status : bool
        Status is written by its own subresource, and by nothing else.
    spec_subresource : str
        The subresource that alone writes the spec, such as "finalize"; "" when none does.
    has_scale : bool
        ``spec.replicas`` is also written by ``scale``.
    unconditional_update : bool
        An update may go without a resource version.
    create_on_update : bool
        An update of what does not exist creates it.
    grace : callable
        Seconds that an object gets for its deletion, of the object and the seconds asked for; None
        when the kind is deleted at once.
    answers_with_object : bool
        A deletion answers with the object rather than a status.
    single_writer : bool
        Each of its objects has one writer, which is trusted with its bytes.
    lifetime_seconds : int
        An object goes by itself so long after its last write; 0 is never.
    columns, cells
        The table: its columns, and a function of an object and the time that returns their cells.
    fields : dict
        Names that field selectors know besides ``metadata.name`` and ``metadata.namespace``, and
        the paths in the object behind them.
    verbs : tuple of str
        Its verbs, as discovery names them.
    subresources : tuple of Subresource
        Its subresources besides status, scale and the one of its spec.
    kept : bool
        False where the store has no objects of it: a request is answered at once, as a review is.
    storage : Resource, optional
        The version of the kind that is stored, where this one only shows it.
    to_storage, from_storage : callable
        Return an object of this version, with its defaults, as the stored version, and the other
        way round; what they take stays as it is.
    lister : str
        Of a kind that scheduling reads, the name of its list in workloads and recorded scenarios,
        such as "persistentVolumes"; "" for all other kinds.
    snapshot : SnapshotRules
        How its objects are read from snapshots.
    """

    kind: str
    plural: str
    group: str = ""
    version: str = "v1"
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    namespaced: bool = True
    stored_as: str = ""
    default: Callable[[KubeObject], None] = nothing
    prepare: Callable[[KubeObject], None] = nothing
    prepare_update: Callable[[KubeObject, KubeObject], None] = _unchanged
    prepare_status_update: Callable[[KubeObject, KubeObject], None] = _unchanged
    validate: Callable[[KubeObject], list[FieldError]]
    validate_create: Callable[[KubeObject], list[FieldError]] = nothing_wrong
    validate_update: Callable[[KubeObject, KubeObject], list[FieldError]] = _no_errors
    validate_status_update: Callable[[KubeObject, KubeObject], list[FieldError]] = _no_errors
    validate_spec_update: Callable[[KubeObject, KubeObject], list[FieldError]] = _no_errors
    name_rule: NameRule = dns_subdomain
    counts_generations: bool = False
    counts_annotations: bool = False
    has_status: bool = False
    spec_subresource: str = ""
    has_scale: bool = False
    unconditional_update: bool = True
    create_on_update: bool = False
    grace: Callable[[KubeObject, int | None], int | None] = _not_graceful
    answers_with_object: bool = False
    single_writer: bool = False
    lifetime_seconds: int = 0
    columns: tuple[Column, ...] = NAME_AND_AGE
    cells: Callable[[KubeObject, int], list[Json]] = name_and_age
    fields: Mapping[str, str] = field(default_factory=dict)
    verbs: tuple[str, ...] = _ALL_VERBS
    subresources: tuple[Subresource, ...] = ()
    kept: bool = True
    storage: Resource | None = None
    to_storage: Callable[[KubeObject], KubeObject] = _same
    from_storage: Callable[[KubeObject], KubeObject] = _same
    lister: str = ""
    snapshot: SnapshotRules = SnapshotRules()

    qualified: str = field(init=False)
    qualified_kind: str = field(init=False)
    api_version: str = field(init=False)
    prefix: bytes = field(init=False)
    head: bytes = field(init=False)

    def __post_init__(self) -> None:
        group_version = f"{self.group}/{self.version}" if self.group else self.version
        place = self.stored_as or self.plural
        derived = {
            "qualified": f"{self.plural}.{self.group}" if self.group else self.plural,
            "qualified_kind": f"{self.kind}.{self.group}" if self.group else self.kind,
            "api_version": group_version,
            "prefix": (self.storage.prefix if self.storage else f"{STORE_PREFIX}{place}/".encode()),
            "head": f'{{"kind":"{self.kind}","apiVersion":"{group_version}","metadata":{{'.encode(),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    @property
    def singular(self) -> str:
        """Its name in the singular."""
        return self.kind.lower()

    @cached_property
    def all_subresources(self) -> tuple[Subresource, ...]:
        """All its subresources, by name."""
        found = list(self.subresources)
        if self.has_status:
            found.append(Subresource("status"))
        if self.has_scale:
            found.append(Subresource("scale", kind="Scale", group="autoscaling", version="v1"))
        if self.spec_subresource:
            found.append(Subresource(self.spec_subresource, ("update",)))
        return tuple(sorted(found))

    @property
    def stored(self) -> Resource:
        """The version of its kind that is stored."""
        return self.storage or self

    @property
    def struct(self) -> str:
        """The structure of its kind in the table of types, such as "apps.v1.Deployment".

        Raises
        ------
        KeyError
            The kind is not built-in.
        """
        return kind_struct(self.group, self.version, self.kind)

    def key(self, namespace: str, name: str) -> bytes:
        """Return the store's key of an object."""
        path = f"{namespace}/{name}" if self.namespaced else name
        return self.prefix + path.encode(errors="replace")

    def range_prefix(self, namespace: str = "") -> bytes:
        """Return the prefix of the keys of one namespace's objects, or of all."""
        return self.prefix + f"{namespace}/".encode(errors="replace") if namespace else self.prefix

    def split_key(self, key: bytes) -> tuple[str, str]:
        """Return namespace and name of a key of this resource; namespace "" when it has none."""
        path = key[len(self.prefix) :].decode()
        if not self.namespaced:
            return "", path
        namespace, _, name = path.partition("/")
        return namespace, name


class Registry:
    """Resources by kind, by name and by key.

    Of several versions of a kind, or several groups with one of its names, the first is meant where
    nobody says which.

    Attributes
    ----------
    kept : tuple of Resource
        The resources with objects of their own in the store: of versions, the stored one.

    Raises
    ------
    ValueError
        Two resources share a kind, a name or a place in the store.
    """

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._resources = tuple(resources)
        self.kept = tuple(r for r in self._resources if r.kept and r.storage is None)
        self._by_kind: dict[tuple[str, str, str], Resource] = {}
        self._by_name: dict[str, Resource] = {}
        self._by_prefix: dict[bytes, Resource] = {}
        for resource in self._resources:
            kind = resource.group, resource.kind
            self._add(self._by_kind, (*kind, resource.version), resource)
            self._by_kind.setdefault((*kind, ""), resource)
            if resource.group:
                versioned = f"{resource.plural}.{resource.version}.{resource.group}"
                self._add(self._by_name, versioned, resource)
            if resource.storage is not None:
                self._by_name.setdefault(resource.qualified, resource)
                continue
            self._add(self._by_prefix, resource.prefix, resource)
            own = {resource.plural, resource.kind.lower(), resource.qualified}
            for name in (*own, *resource.short_names):
                self._add(self._by_name, name, resource)

    @staticmethod
    def _add(table: dict[_Key, Resource], key: _Key, resource: Resource) -> None:
        if table.setdefault(key, resource) is not resource:
            raise ValueError(f"{resource.kind}: {key!r} is taken by {table[key].kind}")

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._resources)

    def of_kind(self, kind: str, group: str = "", version: str = "") -> Resource | None:
        """Return the resource of a kind in a group, "" of any version; None when there is none."""
        return self._by_kind.get((group, kind, version))

    def named(self, name: str) -> Resource | None:
        """Return a resource by plural, singular, short or qualified name, in any case."""
        return self._by_name.get(name.lower())

    def of_key(self, key: bytes) -> Resource | None:
        """Return the resource that a key of the store belongs to; None for a foreign key."""
        end = key.find(b"/", len(STORE_PREFIX)) + 1
        found = self._by_prefix.get(key[:end])
        if found is None and end:  # Services and endpoints have a folder in a folder.
            found = self._by_prefix.get(key[: key.find(b"/", end) + 1])
        return found
