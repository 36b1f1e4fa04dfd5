import numpy as np

from pykube_core.scheduler.placer.scheduler import Scheduler
from pykube_core.scheduler.policies import policy

HOST = "kubernetes.io/hostname"


def node(name):
    allocatable = {"cpu": "8", "memory": "32Gi", "pods": "110"}
    return {
        "metadata": {"name": name, "labels": {HOST: name}},
        "status": {"allocatable": allocatable},
    }


def volume(name, host):
    term = {"matchExpressions": [{"key": HOST, "operator": "In", "values": [host]}]}
    return {
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": "10Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "local",
            "nodeAffinity": {"required": {"nodeSelectorTerms": [term]}},
        },
        "status": {"phase": "Available"},
    }


def claim(name):
    return {
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "local",
            "resources": {"requests": {"storage": "5Gi"}},
        },
        "status": {"phase": "Pending"},
    }


def pod(claim_name=None):
    spec = {"containers": [{"name": "c", "resources": {"requests": {"cpu": "1"}}}]}
    if claim_name:
        source = {"persistentVolumeClaim": {"claimName": claim_name}}
        spec["volumes"] = [{"name": "data", **source}]
    return {"metadata": {"namespace": "default"}, "spec": spec}


OBJECTS = {
    "persistentVolumes": [volume("v-b", "b"), volume("v-c", "c")],
    "persistentVolumeClaims": [claim("one"), claim("two"), claim("three")],
    "storageClasses": [
        {
            "metadata": {"name": "local"},
            "provisioner": "kubernetes.io/no-provisioner",
            "volumeBindingMode": "WaitForFirstConsumer",
        }
    ],
}


def test_a_batch_places_claims_where_their_volumes_are_and_takes_each_volume_once():
    with Scheduler([node(n) for n in "abc"], policy("default"), objects=OBJECTS) as scheduler:
        pods = [pod(), pod("one"), pod("two"), pod("three"), pod()]
        rows, handles = scheduler.place(scheduler.compile(pods))
        assert rows[0] == 0
        assert sorted(rows[1:3].tolist()) == [1, 2]
        assert rows[3] == handles[3] == -1, "both volumes are taken"
        assert rows[4] >= 0


def test_a_removed_pod_gives_its_volume_back():
    with Scheduler([node(n) for n in "abc"], policy("default"), objects=OBJECTS) as scheduler:
        classes = scheduler.compile([pod("one"), pod("two"), pod("three")])
        _, handles = scheduler.place(classes)
        scheduler.remove(handles[:1])
        rows, _ = scheduler.place(classes[2:])
        assert rows.tolist() == [1]


def test_a_missing_claim_keeps_the_pod_off():
    with Scheduler([node("a")], policy("default"), objects=OBJECTS) as scheduler:
        rows, handles = scheduler.place(scheduler.compile([pod("nowhere"), pod()]))
        assert rows.tolist() == [-1, 0]
        assert handles[0] == -1
        assert np.count_nonzero(scheduler.pod_count()) == 1
