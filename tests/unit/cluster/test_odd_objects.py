import contextlib
import copy

from hypothesis import given, settings
from hypothesis import strategies as st

from pykube_core import Cluster, InputError
from pykube_core.api.machinery.status import StatusError

LABELS = {"app": "web"}
CONTAINER = {
    "name": "c",
    "image": "httpd",
    "ports": [{"containerPort": 80, "hostPort": 80}],
    "resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "2"}},
    "readinessProbe": {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 5},
}
POD = {
    "containers": [CONTAINER],
    "initContainers": [{"name": "i", "image": "i"}],
    "tolerations": [{"key": "k", "operator": "Exists", "effect": "NoExecute"}],
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "ScheduleAnyway"}
    ],
}
OWNED = {"selector": {"matchLabels": LABELS}, "template": {"metadata": {"labels": LABELS}}}
OWNED["template"]["spec"] = POD
NODE_STATUS = {
    "capacity": {"cpu": "4", "pods": "110"},
    "conditions": [{"type": "Ready", "status": "True"}],
    "addresses": [{"type": "InternalIP", "address": "172.20.9.9"}],
    "images": [{"names": ["httpd"], "sizeBytes": 5}],
}
POD_STATUS = {
    "phase": "Running",
    "conditions": [{"type": "Ready", "status": "True"}],
    "containerStatuses": [{"name": "c", "state": {"running": {}}, "restartCount": 1}],
}
OBJECTS = [
    ("v1", "Pod", {"spec": POD, "status": POD_STATUS}),
    ("apps/v1", "Deployment", {"spec": OWNED | {"replicas": 2, "strategy": {}}}),
    ("apps/v1", "ReplicaSet", {"spec": OWNED | {"replicas": 2}}),
    ("apps/v1", "DaemonSet", {"spec": OWNED | {"updateStrategy": {"type": "RollingUpdate"}}}),
    ("v1", "Node", {"spec": {"taints": [{"key": "k", "effect": "NoSchedule"}]}}),
    ("v1", "Node", {"spec": {"podCIDRs": ["10.9.0.0/24"]}, "status": NODE_STATUS}),
    ("v1", "Namespace", {"spec": {"finalizers": ["kubernetes"]}}),
    ("coordination.k8s.io/v1", "Lease", {"spec": {"renewTime": "2026-01-01T00:00:00.000000Z"}}),
]
JUNK = [None, True, 0, -1, 1.5, "", "x", "\x00", "x" * 300, 2**63, 10**30, "1e9999999"]
JUNK += [[], [None], [[]], ["a", "a"], {}, {"x": None}, {"": {}}]


def mutated(data, value):
    """Return a copy of a document in which one value, drawn by hypothesis, is another."""
    if isinstance(value, dict | list) and value and data.draw(st.integers(0, 9)):
        keys = list(value) if isinstance(value, dict) else range(len(value))
        chosen = data.draw(st.sampled_from(keys))
        copied = copy.copy(value)
        copied[chosen] = mutated(data, value[chosen])
        return copied
    return data.draw(st.sampled_from(JUNK))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_wrong_value_anywhere_is_refused_or_stops_nobody(data):
    version, kind, rest = data.draw(st.sampled_from(OBJECTS))
    metadata = {"name": "odd", "labels": LABELS, "annotations": {}, "ownerReferences": []}
    obj = {"apiVersion": version, "kind": kind, "metadata": metadata} | rest
    with Cluster(nodes=1) as cluster:
        with contextlib.suppress(InputError, StatusError):
            cluster.apply(mutated(data, obj))
        cluster.run(seconds=5)
        with contextlib.suppress(InputError, StatusError):
            cluster.delete(kind, "odd")
        cluster.run(seconds=5)
