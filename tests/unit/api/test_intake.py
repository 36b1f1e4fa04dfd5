import contextlib
import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pykube_core.api.builtin import SCHEDULED
from pykube_core.api.intake import Mode, take_in
from pykube_core.api.machinery.errors import InputError

VECTORS = Path(__file__).resolve().parents[4] / "shared" / "conformance" / "kube-scheduler-v1.34.1"

SELECTOR = {
    "matchLabels": {"app": "web"},
    "matchExpressions": [{"key": "k", "operator": "In", "values": ["v"]}],
}
AFFINITY_TERM = {
    "topologyKey": "zone",
    "labelSelector": SELECTOR,
    "namespaceSelector": {},
    "namespaces": ["a"],
    "matchLabelKeys": ["hash"],
}
NODE_TERM = {
    "matchExpressions": [{"key": "k", "operator": "Gt", "values": ["1"]}],
    "matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n"]}],
}
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
CONTAINER = {
    "name": "c",
    "image": "x",
    "ports": [{"containerPort": 80, "hostPort": 80, "name": "http"}],
    "resources": {
        "requests": {"cpu": "1", "hugepages-2Mi": "2Mi"},
        "limits": {"cpu": "2", "hugepages-2Mi": "2Mi", "a.com/gpu": "1"},
        "claims": [{"name": "r"}],
    },
}
CLAIM_SPEC = {
    "accessModes": ["ReadWriteOnce"],
    "resources": {"requests": {"storage": "1Gi"}},
    "selector": SELECTOR,
    "storageClassName": "fast",
}
WHOLE = {
    "Pod": {
        "metadata": {
            "name": "web",
            "labels": {"app": "web", "hash": "1"},
            "annotations": {"kubernetes.io/config.mirror": "x"},
            "ownerReferences": [
                {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "u", "controller": True}
            ],
        },
        "spec": {
            "containers": [CONTAINER],
            "initContainers": [CONTAINER | {"name": "i", "restartPolicy": "Always"}],
            "resourceClaims": [{"name": "r", "resourceClaimName": "x"}],
            "resources": {"requests": {"cpu": "8"}, "limits": {"cpu": "9"}},
            "overhead": {"cpu": "1m"},
            "nodeName": "n",
            "nodeSelector": {"a": "b"},
            "hostNetwork": True,
            "priority": 5,
            "priorityClassName": "high",
            "preemptionPolicy": "Never",
            "tolerations": [{"key": "k", "operator": "Exists", "effect": "NoExecute"}],
            "affinity": {
                "nodeAffinity": {
                    REQUIRED: {"nodeSelectorTerms": [NODE_TERM]},
                    PREFERRED: [{"weight": 1, "preference": NODE_TERM}],
                },
                "podAffinity": {REQUIRED: [AFFINITY_TERM]},
                "podAntiAffinity": {PREFERRED: [{"weight": 1, "podAffinityTerm": AFFINITY_TERM}]},
            },
            "topologySpreadConstraints": [
                {
                    "maxSkew": 1,
                    "topologyKey": "zone",
                    "whenUnsatisfiable": "DoNotSchedule",
                    "labelSelector": SELECTOR,
                    "matchLabelKeys": ["hash"],
                    "minDomains": 2,
                }
            ],
            "volumes": [
                {"name": "v", "persistentVolumeClaim": {"claimName": "c"}},
                {"name": "e", "ephemeral": {"volumeClaimTemplate": {"spec": CLAIM_SPEC}}},
            ],
        },
    },
    "Node": {
        "metadata": {"name": "n", "labels": {"a": "b"}},
        "spec": {"taints": [{"key": "k", "effect": "NoSchedule"}], "unschedulable": True},
        "status": {"capacity": {"cpu": "4"}, "images": [{"names": ["x"], "sizeBytes": 1}]},
    },
    "Service": {"metadata": {"name": "s"}, "spec": {"selector": {"a": "b"}}},
    "ReplicaSet": {
        "metadata": {"name": "r"},
        "spec": {
            "selector": SELECTOR,
            "template": {"metadata": {"labels": {"app": "web", "k": "v"}}},
        },
    },
    "ReplicationController": {
        "metadata": {"name": "r"},
        "spec": {"template": {"metadata": {"labels": {"app": "web"}}}},
    },
    "PersistentVolume": {
        "metadata": {"name": "p"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": "1Gi"},
            "csi": {"driver": "d.io", "volumeHandle": "h"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [NODE_TERM]}},
        },
    },
    "PersistentVolumeClaim": {"metadata": {"name": "c"}, "spec": CLAIM_SPEC},
    "StorageClass": {
        "metadata": {"name": "s"},
        "provisioner": "d.io",
        "allowedTopologies": [{"matchLabelExpressions": [{"key": "zone", "values": ["a"]}]}],
    },
    "CSINode": {
        "metadata": {"name": "n"},
        "spec": {"drivers": [{"name": "d.io", "nodeID": "n", "allocatable": {"count": 3}}]},
    },
    "CSIDriver": {"metadata": {"name": "d.io"}, "spec": {}},
    "CSIStorageCapacity": {
        "metadata": {"name": "c"},
        "storageClassName": "fast",
        "nodeTopology": SELECTOR,
        "capacity": "1Gi",
    },
    "VolumeAttachment": {
        "metadata": {"name": "a"},
        "spec": {"attacher": "d.io", "nodeName": "n", "source": {"persistentVolumeName": "p"}},
    },
    "PodDisruptionBudget": {
        "metadata": {"name": "p"},
        "spec": {"minAvailable": "50%", "selector": SELECTOR},
    },
    "PriorityClass": {"metadata": {"name": "high"}, "value": 5, "preemptionPolicy": "Never"},
    "Namespace": {"metadata": {"name": "a"}},
}
JUNK = [None, True, 0, -1, 2**31, 1.5, "", "x y", "-1", "101%", [], [None], [[]], {}, {"x": None}]


def admit(kind, obj):
    return take_in(SCHEDULED[kind], obj, Mode.HANDWRITTEN)


def mutated(data, value):
    """Return a copy in which one value, drawn by hypothesis, is another or gone."""
    if isinstance(value, dict | list) and value and data.draw(st.integers(0, 9)):
        keys = sorted(value) if isinstance(value, dict) else range(len(value))
        chosen = data.draw(st.sampled_from(keys))
        copied = value.copy()
        if data.draw(st.integers(0, 9)) == 0:
            del copied[chosen]
        else:
            copied[chosen] = mutated(data, value[chosen])
        return copied
    return data.draw(st.sampled_from(JUNK))


def test_whole_objects_of_every_kind_are_admitted():
    for kind, obj in WHOLE.items():
        assert admit(kind, obj)["metadata"]["name"] == obj["metadata"]["name"]


@settings(max_examples=150)
@given(st.data(), st.sampled_from(sorted(WHOLE)))
def test_any_wrong_value_anywhere_is_admitted_or_refused_cleanly(data, kind):
    obj = mutated(data, mutated(data, WHOLE[kind]))
    with contextlib.suppress(InputError):
        admitted = admit(kind, obj)
        assert admit(kind, admitted) == admitted


@pytest.mark.skipif(
    not VECTORS.is_dir(), reason="the recorded scenarios are not beside the checkout"
)
def test_objects_that_kubernetes_has_validated_are_admitted():
    kinds = {
        "nodes": "Node",
        "persistentVolumes": "PersistentVolume",
        "persistentVolumeClaims": "PersistentVolumeClaim",
    }
    paths = sorted(VECTORS.glob("*/*.json.gz"))[::4]
    for path in paths:
        scenario = json.loads(gzip.decompress(path.read_bytes()))
        objects = scenario["objects"]
        for pod in scenario["pending"] + objects["pods"]:
            admit("Pod", pod)
        for plural, kind in kinds.items():
            for obj in objects.get(plural, ()):
                admit(kind, obj)
    assert len(paths) > 50
