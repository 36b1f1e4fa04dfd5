"""Storage objects and a stand-in for the engine's match, for tests."""

import numpy as np

from _pykube_hotcore.program import Operator
from pykube_core.scheduler.tables.interner import NODE_NAME_KEY, Interner
from pykube_core.scheduler.tables.node_rows import NodeRows
from pykube_core.scheduler.tables.volume_cache import ANNOTATION_BIND_COMPLETED, VolumeCache

ZONE = "topology.kubernetes.io/zone"
HOST = "kubernetes.io/hostname"


class LabelledNodes:
    """Nodes by name with their labels, matched in plain Python."""

    def __init__(self, nodes, interner):
        self.interner = interner
        self.nodes = [
            {k: interner.label(k, v) for k, v in {NODE_NAME_KEY: name, **labels}.items()}
            for name, labels in nodes.items()
        ]
        self.calls = 0

    @property
    def row_count(self):
        return len(self.nodes)

    def match(self, terms):
        self.calls += 1
        by_key = [{label.key: label for label in node.values()} for node in self.nodes]
        return np.array(
            [any(all(self._holds(r, node) for r in term) for term in terms) for node in by_key],
            np.bool_,
        )

    @staticmethod
    def _holds(requirement, node):
        label = node.get(requirement.key)
        match requirement.operator:
            case Operator.IN:
                return label is not None and label.value in requirement.values
            case Operator.NOT_IN:
                return label is None or label.value not in requirement.values
            case Operator.EXISTS:
                return label is not None
            case Operator.DOES_NOT_EXIST:
                return label is None
            case Operator.GREATER_THAN:
                return label is not None and label.number > requirement.number
            case Operator.LESS_THAN:
                return label is not None and 0 <= label.number < requirement.number
        return False


def node_rows(nodes):
    interner = Interner()
    return NodeRows(LabelledNodes(nodes, interner), interner)


def three_nodes():
    """a and b in zone x, c in zone y."""
    return node_rows(
        {name: {HOST: name, ZONE: zone} for name, zone in {"a": "x", "b": "x", "c": "y"}.items()}
    )


def claim(name, *, storage_class="local", size="1Gi", volume=None, annotations=None, **more):
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": size}},
        "storageClassName": storage_class,
    }
    annotations = dict(annotations or {})
    if volume is not None:
        spec["volumeName"] = volume
        annotations[ANNOTATION_BIND_COMPLETED] = "yes"
    metadata = {"name": name, "namespace": "default", "uid": f"uid-{name}"}
    metadata |= {"annotations": annotations} | more.pop("metadata", {})
    return {"metadata": metadata, "spec": spec | more, "status": {"phase": "Pending"}}


def volume(name, *, size="1Gi", host=None, zone=None, storage_class="local", **more):
    spec = {
        "capacity": {"storage": size},
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": storage_class,
    }
    wanted = {HOST: host, ZONE: zone}
    expressions = [
        {"key": key, "operator": "In", "values": [value]}
        for key, value in wanted.items()
        if value is not None
    ]
    if expressions:
        term = {"matchExpressions": expressions}
        spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [term]}}
    labels = more.pop("labels", {})
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": spec | more,
        "status": {"phase": "Available"},
    }


def waiting_class(name="local", provisioner="kubernetes.io/no-provisioner", **more):
    base = {"metadata": {"name": name}, "provisioner": provisioner}
    return base | {"volumeBindingMode": "WaitForFirstConsumer"} | more


def pod(*claims, name="p", volumes=()):
    listed = [
        {"name": f"v{i}", "persistentVolumeClaim": {"claimName": c}} for i, c in enumerate(claims)
    ]
    return {
        "metadata": {"name": name, "namespace": "default", "uid": f"uid-{name}"},
        "spec": {"containers": [{"name": "c"}], "volumes": [*listed, *volumes]},
    }


def storage(*, claims=(), volumes=(), classes=(), **more):
    return VolumeCache(
        {
            "persistentVolumeClaims": claims,
            "persistentVolumes": volumes,
            "storageClasses": classes,
            **more,
        }
    )
