"""The document of ``/openapi/v2``: all of the API in one.

Source: ``k8s.io/kube-openapi/pkg/builder`` as of Kubernetes v1.37.2. Difference: it has no
descriptions but those of the codes of answers, without which it would not be valid.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.openapi import operations
from pykube_core.api.machinery.openapi.operations import Operation, Paths
from pykube_core.api.machinery.openapi.parameters import Parameter
from pykube_core.api.machinery.openapi.schemas import PATCH_NAME, schemas_for

_PREFIX: Final = "#/definitions/"
_PARAMETERS: Final = "#/parameters/"
_INFO: Final = {"title": "Kubernetes", "version": "1.37"}
_SECURITY: Final = {"BearerToken": {"type": "apiKey", "name": "authorization", "in": "header"}}
_UNAUTHORIZED: Final = "401"
_DELETE_OPTIONS: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"
_OPTIONS_GROUPS: Final = """
    : v1
    admission.k8s.io: v1 v1beta1
    admissionregistration.k8s.io: v1 v1alpha1 v1beta1
    apiextensions.k8s.io: v1 v1beta1
    apiregistration.k8s.io: v1 v1beta1
    apps: v1 v1beta1 v1beta2
    authentication.k8s.io: v1 v1alpha1 v1beta1
    authorization.k8s.io: v1 v1beta1
    autoscaling: v1 v2
    batch: v1 v1beta1
    certificates.k8s.io: v1 v1alpha1 v1beta1
    coordination.k8s.io: v1 v1alpha2 v1beta1
    discovery.k8s.io: v1 v1beta1
    events.k8s.io: v1 v1beta1
    extensions: v1beta1
    flowcontrol.apiserver.k8s.io: v1 v1beta1 v1beta2 v1beta3
    imagepolicy.k8s.io: v1alpha1
    internal.apiserver.k8s.io: v1alpha1
    lifecycle.k8s.io: v1alpha1
    networking.k8s.io: v1 v1beta1
    node.k8s.io: v1 v1alpha1 v1beta1
    policy: v1 v1beta1
    rbac.authorization.k8s.io: v1 v1alpha1 v1beta1
    resource.k8s.io: v1 v1alpha3 v1beta1 v1beta2
    scheduling.k8s.io: v1 v1alpha3 v1beta1
    storage.k8s.io: v1 v1alpha1 v1beta1
    storagemigration.k8s.io: v1 v1beta1
"""
"""Every group and version that upstream knows, served or not: their options are one type."""
_SHARED: Final = """
    allowWatchBookmarks-HC2hJt-J command-Py3eQybp container-1GeXxFDC:PodLogOptions
    container-_Q-EJ3nR:PodAttachOptions container-i5dOmRiM:PodExecOptions continue-QfD61s0i
    fieldManager-7c6nTn1T:patch fieldManager-Qy4HdaTW fieldSelector-xIcQKXFG follow-9OIXh_2R
    force-tOGGb0Yi gracePeriodSeconds--K5HaBOS
    ignoreStoreReadErrorWithClusterBreakingPotential-QbNkfIqj
    insecureSkipTLSVerifyBackend-gM00jVbe labelSelector-5Zw57w4C limit-1NfNmdNH
    limitBytes-zwd1RXuc namespace-vgWSWtn3 orphanDependents-uRB25kX5
    path-QCf0eosM:ServiceProxyOptions path-oPbzgLUj:PodProxyOptions path-rFDtV0x9:NodeProxyOptions
    path-z6Ciiujn:path ports-91KROJmm pretty-tJGM1-ng previous-1jxDPu3y
    propagationPolicy-6jk3prlO resourceVersion-5WAnf1kx resourceVersionMatch-t8XhRHeC
    sendInitialEvents-rLXlEK_k shardSelector-Kgyki_3_ sinceSeconds-vE2NLdnP
    stderr-26jJhFUR:PodAttachOptions stderr-W_1TNlWc:PodExecOptions
    stdin-PSzNhyUC:PodExecOptions stdin-sEFnN3IS:PodAttachOptions
    stdout--EZLRwV1:PodExecOptions stdout-005YMKE6:PodAttachOptions stream-l-48cgXv
    tailLines-9xQLWHMV timeoutSeconds-yvYezaOC timestamps-c17fW1w_ tty-g7MlET_l:PodAttachOptions
    tty-s0flW37O:PodExecOptions watch-XNNPZGbK
"""
"""Names of the parameters that operations share, and of which operations where it is not all."""
_SHARED_BODIES: Final = {_DELETE_OPTIONS: "body-2Y1dVQaQ", PATCH_NAME: "body-78PwaGsr"}
_LOG: Final = "PodLogOptions"


def document(paths: Paths) -> KubeObject:
    """Return the document of paths, with the definitions to which they refer."""
    definitions: dict[str, KubeObject] = {}
    options_of = _options_kinds()
    for name in operations.schemas_named(paths):
        definitions |= schemas_for(name, 2, options_of)
    shared: dict[str, KubeObject] = {}
    return {
        "swagger": "2.0",
        "info": dict(_INFO),
        "paths": {path: _Path(shared).of(each) for path, each in sorted(paths.items())},
        "definitions": dict(sorted(definitions.items())),
        "parameters": dict(sorted(shared.items())),
        "securityDefinitions": _SECURITY,
        "security": [{"BearerToken": []}],
    }


def _options_kinds() -> list[tuple[str, str]]:
    lines = (line.strip().partition(":") for line in _OPTIONS_GROUPS.strip().splitlines())
    return [(group, version) for group, _, rest in lines for version in rest.split()]


def _shared_names() -> dict[tuple[str, str], str]:
    """Return the names of shared parameters, by parameter and operations ("" is all)."""
    out = {}
    for word in _SHARED.split():
        name, _, of = word.partition(":")
        out[name[:-9], of] = name
    return out


_NAMES: Final = _shared_names()


class _Path:
    """Renders the operations of a path, and notes the shared parameters that they use."""

    def __init__(self, shared: dict[str, KubeObject]) -> None:
        self._shared = shared

    def of(self, each: list[Operation]) -> KubeObject:
        return operations.path_item(each, self._operation, self._parameter)

    def _operation(self, operation: Operation, common: set[Parameter]) -> KubeObject:
        out: KubeObject = {"consumes": list(operation.consumes)} if operation.consumes else {}
        out |= {
            "produces": list(operation.produces),
            "schemes": ["https"],
            "tags": [operation.tag],
            "operationId": operation.id,
        }
        own = [self._body(operation)] if operation.body else []
        own += [self._parameter(operation, p) for p in operation.parameters if p not in common]
        if own:
            out["parameters"] = own
        out["responses"] = {
            code: {"description": HTTPStatus(int(code)).phrase, "schema": _reference(name)}
            for code, name in operation.responses.items()
        }
        phrase = HTTPStatus(int(_UNAUTHORIZED)).phrase
        out["responses"][_UNAUTHORIZED] = {"description": phrase}
        if operation.action:
            group, version, kind = operation.gvk
            out["x-kubernetes-action"] = operation.action
            out["x-kubernetes-group-version-kind"] = {
                "group": group,
                "kind": kind,
                "version": version,
            }
        return out

    def _body(self, operation: Operation) -> KubeObject:
        body: KubeObject = {"name": "body", "in": "body", "schema": _reference(operation.body)}
        if operation.body_required:
            body["required"] = True
        name = _SHARED_BODIES.get(operation.body)
        return body if name is None else self._share(name, body)

    def _parameter(self, operation: Operation, parameter: Parameter) -> KubeObject:
        name, place, type = parameter
        out: KubeObject = {"uniqueItems": True, "type": type, "name": name, "in": place}
        if place == "path":
            out["required"] = True
        kind = operation.gvk[2] if operation.gvk else ""
        of = _LOG if operation.id.endswith("PodLog") else kind
        for key in (operation.action, place, of, ""):
            shared = _NAMES.get((name, key))
            if shared is not None:
                return self._share(shared, out)
        return out

    def _share(self, name: str, parameter: KubeObject) -> KubeObject:
        self._shared[name] = parameter
        return {"$ref": _PARAMETERS + name}


def _reference(name: str) -> Json:
    return {"type": "string"} if name == operations.STRING else {"$ref": _PREFIX + name}
