"""The operations of an API version, from its discovery: by rule, as they are all alike.

Source: ``k8s.io/apiserver/pkg/endpoints/installer.go`` and ``k8s.io/kube-openapi/pkg/builder`` as
of Kubernetes v1.37.2; paths and parameters as kube-apiserver v1.37.2 serves them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.openapi.parameters import (
    DELETE,
    LIST,
    NAME,
    NAMESPACE,
    PATCH,
    PRETTY,
    WATCH,
    WRITE,
    Parameter,
    options_of,
)
from pykube_core.api.machinery.openapi.schemas import PATCH_NAME, struct_schema_name
from pykube_core.api.machinery.schema import kind_struct

JSON: Final = "application/json"
YAML: Final = "application/yaml"
PROTOBUF: Final = "application/vnd.kubernetes.protobuf"
ANY: Final = "*/*"
TEXT: Final = "text/plain"
STRING: Final = "string"
"""Stands for the schema of a string where a schema's name is asked for."""

FORMS: Final = (JSON, YAML, PROTOBUF)
_STREAMS: Final = (*FORMS, f"{JSON};stream=watch", f"{PROTOBUF};stream=watch")
_PATCHES: Final = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)
_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1"
_STATUS: Final = f"{_META}.Status"
_DELETE_OPTIONS: Final = f"{_META}.DeleteOptions"
_WATCH_EVENT: Final = f"{_META}.WatchEvent"
_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch")
_ANSWERED_WITH_OBJECT: Final = frozenset(
    "core.v1.PersistentVolume core.v1.PersistentVolumeClaim core.v1.Pod core.v1.PodTemplate "
    "core.v1.ResourceQuota core.v1.Service core.v1.ServiceAccount resource.v1.DeviceClass "
    "resource.v1.ResourceClaim resource.v1.ResourceClaimTemplate resource.v1.ResourceSlice "
    "storage.v1.CSIDriver storage.v1.CSINode storage.v1.StorageClass storage.v1.VolumeAttachment "
    "storage.v1.VolumeAttributesClass".split()
)
"""Kinds whose deletion answers with the object, which may live on for a while."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of a path.

    Attributes
    ----------
    parameters : tuple of Parameter
        All of them, those of the path included, by name.
    responses : dict of str to str
        The name of the schema by status; `STRING` is plain text.
    produces, consumes : tuple of str
        Media types.
    body : str
        The name of the schema of the body; "" is none.
    action : str
        ``x-kubernetes-action``; "" is none.
    gvk : tuple of str
        Group, version and kind that it is about; () is none.
    """

    method: str
    id: str
    tag: str
    parameters: tuple[Parameter, ...] = ()
    responses: dict[str, str] = field(default_factory=dict)
    produces: tuple[str, ...] = FORMS
    consumes: tuple[str, ...] = (ANY,)
    body: str = ""
    body_required: bool = True
    action: str = ""
    gvk: tuple[str, ...] = ()


Paths = dict[str, list[Operation]]


def group_label(group: str) -> str:
    """Return a group as tags and ids of operations have it, such as "rbacAuthorization"."""
    first, *rest = (group or "core").removesuffix(".k8s.io").split(".")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def root_of(group: str) -> str:
    """Return the path of a group, such as "/apis/apps"; that of the core group is "/api"."""
    return f"/apis/{group}" if group else "/api"


def group_paths(group: str) -> Paths:
    """Return the operation that tells a group's versions; of the core group those of all."""
    label = group_label(group)
    kind = "APIGroup" if group else "APIVersions"
    id = f"get{label[:1].upper()}{label[1:]}{kind if group else ''}"
    id = id if group else "getCoreAPIVersions"
    return {f"{root_of(group)}/": [_discovery(id, label, kind)]}


def groups_paths() -> Paths:
    """Return the operation that tells all groups but the core group."""
    return {"/apis/": [_discovery("getAPIVersions", "apis", "APIGroupList")]}


def schemas_named(paths: Paths) -> set[str]:
    """Return the names of the schemas to which operations refer."""
    each = [operation for operations in paths.values() for operation in operations]
    names = {name for operation in each for name in (*operation.responses.values(), operation.body)}
    return names - {"", STRING}


def version_info_paths() -> Paths:
    """Return the operation that tells the version of the server."""
    responses = {"200": struct_schema_name("version.Info")}
    json = (JSON,)
    return {
        "/version/": [
            Operation(
                "get",
                "getCodeVersion",
                "version",
                responses=responses,
                produces=json,
                consumes=json,
            )
        ]
    }


def key_set_paths() -> Paths:
    """Return the operations by which others check tokens of service accounts."""
    issuer = "getServiceAccountIssuerOpenID"
    answer = {"200": STRING}
    return {
        "/.well-known/openid-configuration/": [
            Operation(
                "get",
                f"{issuer}Configuration",
                "WellKnown",
                responses=answer,
                produces=(JSON,),
                consumes=(),
            )
        ],
        "/openid/v1/jwks/": [
            Operation(
                "get",
                f"{issuer}Keyset",
                "openid",
                responses=answer,
                produces=("application/jwk-set+json",),
                consumes=(),
            )
        ],
    }


def version_paths(group: str, version: str, resources: Iterable[KubeObject]) -> Paths:
    """Return all operations of a version of a group, by path.

    Parameters
    ----------
    resources : iterable of dict
        As aggregated discovery has them (``APIResourceDiscovery``).
    """
    return _Version(group, version).paths(resources)


def _discovery(id: str, tag: str, kind: str) -> Operation:
    responses = {"200": f"{_META}.{kind}"}
    return Operation("get", id, tag, responses=responses, consumes=FORMS)


class _Version:
    def __init__(self, group: str, version: str) -> None:
        self._group, self._version = group, version
        label = group_label(group)
        self._tag = f"{label}_{version}"
        title = label[:1].upper() + label[1:]
        self._title = f"{title}{version[:1].upper()}{version[1:]}"
        self._root = f"{root_of(group)}/{version}"

    def paths(self, resources: Iterable[KubeObject]) -> Paths:
        id = f"get{self._title}APIResources"
        out = {f"{self._root}/": [_discovery(id, self._tag, "APIResourceList")]}
        for resource in resources:
            for path, operations in self._of_resource(resource):
                if operations:
                    out[f"{self._root}/{path}"] = operations
        return dict(sorted(out.items()))

    def _of_resource(self, resource: KubeObject) -> Iterator[tuple[str, list[Operation]]]:
        made = _Resource(self._group, self._version, self._title, self._tag, resource)
        plural, namespaced = resource["resource"], resource["scope"] == "Namespaced"
        base = f"namespaces/{{namespace}}/{plural}" if namespaced else plural
        yield base, made.collection()
        yield f"{base}/{{name}}", made.item()
        for subresource in resource.get("subresources", ()):
            yield from made.subresource(f"{base}/{{name}}", subresource)
        if "list" in resource["verbs"] and namespaced:
            yield plural, [made.listing(everywhere=True)]
        if "watch" in resource["verbs"]:
            if namespaced:
                yield f"watch/{plural}", [made.watching("watchlist", everywhere=True)]
            yield f"watch/{base}", [made.watching("watchlist")]
            yield f"watch/{base}/{{name}}", [made.watching("watch")]


class _Resource:
    """The operations of one resource."""

    def __init__(
        self, group: str, version: str, title: str, tag: str, resource: KubeObject
    ) -> None:
        self._group, self._version = group, version
        self._title, self._tag = title, tag
        self._verbs = resource["verbs"]
        self._namespaced = resource["scope"] == "Namespaced"
        self._kind = resource["responseKind"]["kind"]
        self._gvk = self._gvk_of(resource["responseKind"])
        self._place: tuple[Parameter, ...] = (NAMESPACE,) if self._namespaced else ()

    def collection(self) -> list[Operation]:
        out = []
        if "list" in self._verbs:
            out.append(self.listing())
        if "create" in self._verbs:
            out.append(self._write("post", "create", self._gvk, "", self._place))
        if "deletecollection" in self._verbs:
            out.append(self._deletion("deletecollection", "Collection", (*LIST, *DELETE)))
        return out

    def item(self) -> list[Operation]:
        place = (*self._place, NAME)
        out = self._reads_and_writes(self._verbs, self._gvk, "", place)
        if "delete" in self._verbs:
            out.append(self._deletion("delete", "", (*DELETE, NAME)))
        return out

    def listing(self, *, everywhere: bool = False) -> Operation:
        group, version, kind = self._gvk
        return self._make(
            "get",
            self._id("list", self._kind, everywhere),
            (*WATCH, PRETTY, *(() if everywhere else self._place)),
            {"200": _name_of(group, version, f"{kind}List")},
            produces=_STREAMS,
            action="list",
        )

    def watching(self, action: str, *, everywhere: bool = False) -> Operation:
        kind = self._kind + ("List" if action == "watchlist" else "")
        one = (NAME,) if action == "watch" else ()
        return self._make(
            "get",
            self._id("watch", kind, everywhere),
            (*WATCH, PRETTY, *one, *(() if everywhere else self._place)),
            {"200": _WATCH_EVENT},
            produces=_STREAMS,
            action=action,
        )

    def subresource(
        self, base: str, subresource: KubeObject
    ) -> Iterator[tuple[str, list[Operation]]]:
        name, verbs = subresource["subresource"], subresource["verbs"]
        gvk = self._gvk_of(subresource["responseKind"])
        title = name[:1].upper() + name[1:]
        place = (*self._place, NAME)
        if gvk[2].endswith("Options"):
            methods = _METHODS if "update" in verbs else ("get", "post")
            options = options_of(gvk)
            path = ("path", "path", "string")
            yield f"{base}/{name}", self._connects(methods, title, gvk, (*place, *options))
            if "update" in verbs:
                tail = f"{base}/{name}/{{path}}"
                yield (
                    tail,
                    self._connects(methods, f"{title}WithPath", gvk, (*place, *options, path)),
                )
            return
        if name == "log":
            yield f"{base}/{name}", [self._log(gvk, place)]
            return
        out = self._reads_and_writes(verbs, gvk, title, place)
        if "create" in verbs:
            out.append(self._write("post", "create", gvk, title, place))
        yield f"{base}/{name}", out

    def _log(self, gvk: tuple[str, ...], place: tuple[Parameter, ...]) -> Operation:
        return self._make(
            "get",
            f"read{self._title}{self._scoped()}{self._kind}Log",
            (*options_of(("", "v1", "PodLogOptions")), PRETTY, *place),
            {"200": STRING},
            produces=(TEXT, *FORMS),
            action="get",
            gvk=gvk,
        )

    def _connects(
        self,
        methods: tuple[str, ...],
        title: str,
        gvk: tuple[str, ...],
        parameters: tuple[Parameter, ...],
    ) -> list[Operation]:
        return [
            self._make(
                method,
                f"connect{self._title}{method.title()}{self._scoped()}{self._kind}{title}",
                parameters,
                {"200": STRING},
                produces=(ANY,),
                action="connect",
                gvk=gvk,
            )
            for method in methods
        ]

    def _reads_and_writes(
        self,
        verbs: list[str],
        gvk: tuple[str, ...],
        title: str,
        place: tuple[Parameter, ...],
    ) -> list[Operation]:
        out = []
        if "get" in verbs:
            id = f"read{self._title}{self._scoped()}{self._kind}{title}"
            responses = {"200": _name_of(*gvk)}
            out.append(self._make("get", id, (PRETTY, *place), responses, action="get", gvk=gvk))
        if "update" in verbs:
            out.append(self._write("put", "replace", gvk, title, place))
        if "patch" in verbs:
            name = _name_of(*gvk)
            out.append(
                self._make(
                    "patch",
                    f"patch{self._title}{self._scoped()}{self._kind}{title}",
                    (*PATCH, PRETTY, *place),
                    {"200": name, "201": name},
                    consumes=_PATCHES,
                    body=PATCH_NAME,
                    action="patch",
                    gvk=gvk,
                )
            )
        return out

    def _write(
        self,
        method: str,
        verb: str,
        gvk: tuple[str, ...],
        title: str,
        place: tuple[Parameter, ...],
    ) -> Operation:
        name = _name_of(*gvk)
        codes = ("200", "201", "202") if method == "post" else ("200", "201")
        return self._make(
            method,
            f"{verb}{self._title}{self._scoped()}{self._kind}{title}",
            (*WRITE, PRETTY, *place),
            dict.fromkeys(codes, name),
            body=name,
            action=method,
            gvk=gvk,
        )

    def _deletion(self, action: str, infix: str, parameters: tuple[Parameter, ...]) -> Operation:
        answer, codes = _STATUS, ("200",) if infix else ("200", "202")
        if not infix and kind_struct(*self._gvk) in _ANSWERED_WITH_OBJECT:
            answer = _name_of(*self._gvk)
        return self._make(
            "delete",
            f"delete{self._title}{infix}{self._scoped()}{self._kind}",
            (*parameters, PRETTY, *self._place),
            dict.fromkeys(codes, answer),
            body=_DELETE_OPTIONS,
            body_required=False,
            action=action,
        )

    def _make(
        self,
        method: str,
        id: str,
        parameters: tuple[Parameter, ...],
        responses: dict[str, str],
        *,
        produces: tuple[str, ...] = FORMS,
        consumes: tuple[str, ...] = (ANY,),
        body: str = "",
        body_required: bool = True,
        action: str,
        gvk: tuple[str, ...] = (),
    ) -> Operation:
        return Operation(
            method,
            id,
            self._tag,
            tuple(sorted(parameters)),
            responses,
            produces,
            consumes,
            body,
            body_required,
            action,
            gvk or self._gvk,
        )

    def _gvk_of(self, kind: KubeObject) -> tuple[str, str, str]:
        if not kind["version"]:
            return self._group, self._version, kind["kind"]
        return kind["group"], kind["version"], kind["kind"]

    def _id(self, verb: str, kind: str, everywhere: bool) -> str:
        tail = "ForAllNamespaces" if everywhere else ""
        return f"{verb}{self._title}{self._scoped(everywhere)}{kind}{tail}"

    def _scoped(self, everywhere: bool = False) -> str:
        return "Namespaced" if self._namespaced and not everywhere else ""


def _name_of(group: str, version: str, kind: str) -> str:
    return struct_schema_name(kind_struct(group, version, kind))


Render = Callable[[Operation, set[Parameter]], KubeObject]


def path_item(
    operations: list[Operation],
    render: Render,
    parameter: Callable[[Operation, Parameter], KubeObject],
) -> KubeObject:
    """Return what a document says of a path: its operations, and the parameters of all of them."""
    first, *rest = operations
    common = set(first.parameters).intersection(*(each.parameters for each in rest))
    out: KubeObject = {each.method: render(each, common) for each in operations}
    if common:
        out["parameters"] = [parameter(first, each) for each in first.parameters if each in common]
    return out
