"""The resources that every cluster has; a new one is an entry here.

Source: ``k8s.io/kubernetes/pkg/registry`` (strategies), ``pkg/printers`` (columns), v1.36.
"""

from __future__ import annotations

from typing import Final

from pykube_core.api import server_defaults as defaults
from pykube_core.api import tables
from pykube_core.api.core.pod import updates as pod_updates
from pykube_core.api.machinery.names import dns_label
from pykube_core.api.machinery.objects import DONE_PHASES, KubeObject
from pykube_core.api.machinery.registry import Column, Registry, Resource
from pykube_core.api.validation import _cluster as cluster_rules
from pykube_core.api.validation import _server as rules
from pykube_core.api.validation import update_rules as updates
from pykube_core.api.validation import validate_pod

_DEFAULT_GRACE_SECONDS: Final = 30

_NAME: Final = Column("Name", format="name")
_AGE: Final = Column("Age")


def _integers(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "integer") for name in names)


def _strings(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name) for name in names)


def _wide(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, priority=1) for name in names)


def _fields(*paths: str, **elsewhere: str) -> dict[str, str]:
    return dict(zip(paths, paths, strict=True)) | elsewhere


_TEMPLATE: Final = _wide("Containers", "Images", "Selector")


def _pod_grace(pod: KubeObject, seconds: int | None) -> int:
    """Return what a pod gets to end: nothing when it never ran or has ended."""
    if not pod["spec"].get("nodeName"):
        return 0
    if pod.get("status", {}).get("phase") in DONE_PHASES:
        return 0
    if seconds is None:
        seconds = pod["spec"].get("terminationGracePeriodSeconds", _DEFAULT_GRACE_SECONDS)
    return 1 if seconds < 0 else seconds


NAMESPACES: Final = Resource(
    kind="Namespace",
    plural="namespaces",
    short_names=("ns",),
    namespaced=False,
    default=defaults.default_namespace,
    prepare=defaults.prepare_namespace,
    validate=cluster_rules.validate_namespace,
    validate_create=updates.validate_create,
    validate_status_update=updates.validate_namespace_status_update,
    validate_spec_update=updates.validate_namespace_finalize,
    name_rule=dns_label,
    has_status=True,
    spec_subresource="finalize",
    columns=(_NAME, *_strings("Status"), _AGE),
    cells=tables.namespace_cells,
    fields=_fields("status.phase"),
)

NODES: Final = Resource(
    kind="Node",
    plural="nodes",
    short_names=("no",),
    namespaced=False,
    stored_as="minions",
    default=defaults.default_node,
    prepare=defaults.prepare_node,
    validate=cluster_rules.validate_node,
    validate_create=updates.validate_create,
    validate_update=updates.validate_node_update,
    validate_status_update=updates.validate_node_status_update,
    has_status=True,
    columns=(
        _NAME,
        *_strings("Status", "Roles", "Age", "Version"),
        *_wide("Internal-IP", "External-IP", "OS-Image", "Kernel-Version", "Container-Runtime"),
    ),
    cells=tables.node_cells,
    fields=_fields("spec.unschedulable"),
)

PODS: Final = Resource(
    kind="Pod",
    plural="pods",
    short_names=("po",),
    categories=("all",),
    default=defaults.default_pod,
    prepare=defaults.prepare_pod,
    prepare_update=defaults.prepare_pod_update,
    prepare_status_update=defaults.prepare_pod_status_update,
    validate=validate_pod,
    validate_create=updates.validate_pod_create,
    validate_update=pod_updates.validate_pod_update,
    validate_status_update=pod_updates.validate_pod_status_update,
    counts_generations=True,
    has_status=True,
    grace=_pod_grace,
    answers_with_object=True,
    columns=(
        _NAME,
        *_strings("Ready", "Status", "Restarts", "Age"),
        *_wide("IP", "Node", "Nominated Node", "Readiness Gates"),
    ),
    cells=tables.pod_cells,
    fields=_fields(
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ),
)

DEPLOYMENTS: Final = Resource(
    kind="Deployment",
    plural="deployments",
    group="apps",
    short_names=("deploy",),
    categories=("all",),
    default=defaults.default_deployment,
    prepare=defaults.prepare_deployment,
    validate=rules.validate_deployment,
    validate_create=updates.validate_template_create,
    validate_update=updates.validate_workload_update,
    validate_status_update=updates.validate_deployment_status_update,
    counts_generations=True,
    counts_annotations=True,
    has_status=True,
    has_scale=True,
    columns=(_NAME, *_strings("Ready", "Up-to-date", "Available"), _AGE, *_TEMPLATE),
    cells=tables.deployment_cells,
)

REPLICA_SETS: Final = Resource(
    kind="ReplicaSet",
    plural="replicasets",
    group="apps",
    short_names=("rs",),
    categories=("all",),
    default=defaults.default_replica_set,
    prepare=defaults.prepare_replica_set,
    validate=rules.validate_served_replica_set,
    validate_create=updates.validate_template_create,
    validate_update=updates.validate_workload_update,
    validate_status_update=updates.validate_replica_set_status_update,
    counts_generations=True,
    has_status=True,
    has_scale=True,
    columns=(_NAME, *_integers("Desired", "Current", "Ready"), _AGE, *_TEMPLATE),
    cells=tables.replica_set_cells,
    fields=_fields("status.replicas"),
)

DAEMON_SETS: Final = Resource(
    kind="DaemonSet",
    plural="daemonsets",
    group="apps",
    short_names=("ds",),
    categories=("all",),
    default=defaults.default_daemon_set,
    prepare=defaults.prepare_daemon_set,
    prepare_update=defaults.prepare_daemon_set_update,
    validate=rules.validate_daemon_set,
    validate_create=updates.validate_template_create,
    validate_update=updates.validate_workload_update,
    validate_status_update=updates.validate_daemon_set_status_update,
    counts_generations=True,
    has_status=True,
    columns=(
        _NAME,
        *_integers("Desired", "Current", "Ready", "Up-to-date", "Available"),
        *_strings("Node Selector"),
        _AGE,
        *_TEMPLATE,
    ),
    cells=tables.daemon_set_cells,
)

EVENTS: Final = Resource(
    kind="Event",
    plural="events",
    short_names=("ev",),
    validate=rules.validate_event,
    create_on_update=True,
    lifetime_seconds=3600,
    single_writer=True,
    columns=(
        *_strings("Last Seen", "Type", "Reason", "Object"),
        *_wide("Subobject", "Source"),
        *_strings("Message"),
        *_wide("First Seen", "Count"),
        Column("Name", format="name", priority=1),
    ),
    cells=tables.event_cells,
    fields=_fields(
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "type",
        source="source.component",
    ),
)

LEASES: Final = Resource(
    kind="Lease",
    plural="leases",
    group="coordination.k8s.io",
    validate=rules.validate_lease,
    unconditional_update=False,
    create_on_update=True,
    single_writer=True,
    columns=(_NAME, *_strings("Holder"), _AGE),
    cells=tables.lease_cells,
)

PRIORITY_CLASSES: Final = Resource(
    kind="PriorityClass",
    plural="priorityclasses",
    group="scheduling.k8s.io",
    short_names=("pc",),
    namespaced=False,
    default=defaults.default_priority_class,
    validate=cluster_rules.validate_priority_class,
    validate_create=updates.validate_create,
    validate_update=updates.validate_priority_class_update,
    counts_generations=True,
    columns=(
        _NAME,
        *_integers("Value"),
        Column("Global-Default", "boolean"),
        *_strings("Age", "PreemptionPolicy"),
    ),
    cells=tables.priority_class_cells,
)

CONFIG_MAPS: Final = Resource(
    kind="ConfigMap",
    plural="configmaps",
    short_names=("cm",),
    validate=rules.validate_config_map,
    validate_create=updates.validate_create,
    validate_update=updates.validate_config_map_update,
    columns=(_NAME, *_strings("Data"), _AGE),
    cells=tables.config_map_cells,
)

BUILTIN: Final = Registry(
    (
        NAMESPACES,
        NODES,
        PODS,
        DEPLOYMENTS,
        REPLICA_SETS,
        DAEMON_SETS,
        EVENTS,
        LEASES,
        PRIORITY_CLASSES,
        CONFIG_MAPS,
    )
)
