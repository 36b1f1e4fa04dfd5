"""The fields that a resource and its subresources cannot write, and that no writer comes to own.

Source: ``GetResetFields`` and ``GetResetFieldsFilter`` in ``k8s.io/kubernetes/pkg/registry``,
``k8s.io/apiextensions-apiserver`` and ``k8s.io/kube-aggregator`` v1.37.2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from pykube_core.api.machinery.apply.field_sets import FieldSet, field

_WITH_SPEC: Final = frozenset(
    "apps.v1.DaemonSet apps.v1.ReplicaSet apps.v1.StatefulSet batch.v1.CronJob batch.v1.Job "
    "core.v1.Namespace core.v1.Node core.v1.PersistentVolume core.v1.PersistentVolumeClaim "
    "core.v1.ReplicationController core.v1.ResourceQuota core.v1.Service "
    "apiextensions.v1.CustomResourceDefinition autoscaling.v1.HorizontalPodAutoscaler "
    "autoscaling.v2.HorizontalPodAutoscaler networking.v1.Ingress "
    "policy.v1.PodDisruptionBudget".split()
)
_WITH_METADATA: Final = frozenset(
    "admissionregistration.v1.ValidatingAdmissionPolicy apiregistration.v1.APIService "
    "certificates.v1.PodCertificateRequest flowcontrol.v1.FlowSchema "
    "flowcontrol.v1.PriorityLevelConfiguration networking.v1.ServiceCIDR "
    "resource.v1.DeviceTaintRule resource.v1.ResourceClaim storage.v1.CSINode "
    "storage.v1.VolumeAttachment storagemigration.v1.StorageVersionMigration".split()
)
_OTHERS: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("apps.v1.Deployment", ""): ("status",),
    ("apps.v1.Deployment", "status"): ("spec", "metadata.labels"),
    ("core.v1.Pod", ""): ("status",),
    ("core.v1.Pod", "status"): ("spec", "metadata.deletionTimestamp", "metadata.ownerReferences"),
    ("core.v1.Namespace", "finalize"): ("status",),
    ("certificates.v1.CertificateSigningRequest", ""): ("spec", "status"),
    ("certificates.v1.CertificateSigningRequest", "status"): ("spec", "status.conditions"),
    ("certificates.v1.CertificateSigningRequest", "approval"): ("spec", "status.certificate"),
}
_RESIZED: Final = {"f:resources": None, "f:resizePolicy": None}
_ONLY: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("core.v1.Pod", "ephemeralcontainers"): {"f:spec": {"f:ephemeralContainers": None}},
    ("core.v1.Pod", "resize"): {
        "f:spec": {"f:containers": {"*": _RESIZED}, "f:initContainers": {"*": _RESIZED}}
    },
}
"""Where only these can be written: elements and what is below them, None for all."""


def reset_fields(struct: str, subresource: str) -> Callable[[FieldSet], FieldSet]:
    """Return what takes the fields out of a set that a request cannot write.

    Parameters
    ----------
    struct : str
        Of the resource's kind, such as "core.v1.Pod".
    subresource : str
        Such as "status"; "" is the resource itself.
    """
    only = _ONLY.get((struct, subresource))
    if only is not None:
        return lambda fields: _matching(fields, only)
    paths = _OTHERS.get((struct, subresource), ())
    if struct in _WITH_SPEC or struct in _WITH_METADATA:
        if subresource == "status":
            paths = ("spec",) if struct in _WITH_SPEC else ("spec", "metadata")
        elif not subresource:
            paths = ("status",)
    if not paths:
        return _all
    reset = FieldSet.of(*(tuple(map(field, path.split("."))) for path in paths))
    return lambda fields: fields.without(reset)


def _all(fields: FieldSet) -> FieldSet:
    return fields


def _matching(fields: FieldSet, pattern: dict[str, Any] | None) -> FieldSet:
    if pattern is None:
        return fields
    any_below = pattern.get("*", _NO_PATTERN)
    children = {}
    for element, below in fields.children.items():
        inner = pattern.get(element, any_below)
        if inner is not _NO_PATTERN and (kept := _matching(below, inner)):
            children[element] = kept
    members = fields.members if any_below is not _NO_PATTERN else fields.members & pattern.keys()
    return FieldSet(members, children)


_NO_PATTERN: Final[Any] = object()
