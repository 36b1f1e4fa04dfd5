"""Pods: the resource ``pods``."""

from __future__ import annotations

from typing import Final

from pykube_core.api.core.pod.annotations import validate_pod_create
from pykube_core.api.core.pod.columns import pod_cells
from pykube_core.api.core.pod.defaults import default_pod, default_snapshot_pod
from pykube_core.api.core.pod.label_keys import merge_label_keys
from pykube_core.api.core.pod.strategy import (
    grace_of_pod,
    prepare_pod,
    prepare_pod_status_update,
    prepare_pod_update,
)
from pykube_core.api.core.pod.updates import validate_pod_status_update, validate_pod_update
from pykube_core.api.core.pod.validation import validate_pod
from pykube_core.api.machinery.columns import NAME, strings, wide
from pykube_core.api.machinery.registry import (
    CREATE,
    Resource,
    SnapshotRules,
    Subresource,
    proxy,
    selectable,
)

_STREAM: Final = ("create", "get")

PODS: Final = Resource(
    kind="Pod",
    plural="pods",
    short_names=("po",),
    categories=("all",),
    default=default_pod,
    prepare=prepare_pod,
    prepare_update=prepare_pod_update,
    prepare_status_update=prepare_pod_status_update,
    validate=validate_pod,
    validate_create=validate_pod_create,
    validate_update=validate_pod_update,
    validate_status_update=validate_pod_status_update,
    counts_generations=True,
    has_status=True,
    grace=grace_of_pod,
    answers_with_object=True,
    subresources=(
        Subresource("attach", _STREAM, "PodAttachOptions"),
        Subresource("binding", CREATE, "Binding"),
        Subresource("ephemeralcontainers"),
        Subresource("eviction", CREATE, "Eviction", "policy", "v1"),
        Subresource("exec", _STREAM, "PodExecOptions"),
        Subresource("log", ("get",)),
        Subresource("portforward", _STREAM, "PodPortForwardOptions"),
        proxy("PodProxyOptions"),
        Subresource("resize"),
    ),
    columns=(
        NAME,
        *strings("Ready", "Status", "Restarts", "Age"),
        *wide("IP", "Node", "Nominated Node", "Readiness Gates"),
    ),
    cells=pod_cells,
    fields=selectable(
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ),
    lister="pods",
    snapshot=SnapshotRules(default=default_snapshot_pod, prepare_by_hand=merge_label_keys),
)
