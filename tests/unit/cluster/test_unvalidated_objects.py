"""Whatever another program writes into the store, the cluster goes on."""

import contextlib
import json
from copy import deepcopy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pykube_core import Cluster, InputError
from pykube_core.api.builtin import BUILTIN
from pykube_core.api.core import PODS
from pykube_core.api.machinery.status import StatusError
from pykube_core.api.machinery.times import NANO
from pykube_core.store import Store, prefix_end

CREATED = "2026-11-23T04:16:02Z"
UID = "11111111-2222-3333-4444-555555555555"
LABELS = {"app": "odd"}
OWNER = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "odd", "uid": UID}
SPECS = {
    "ReplicaSet": {"replicas": 2, "selector": {"matchLabels": LABELS}},
    "Deployment": {"replicas": 2, "selector": {"matchLabels": LABELS}},
    "DaemonSet": {"selector": {"matchLabels": LABELS}},
}
CONTAINER = {"name": "c", "image": "httpd", "resources": {"requests": {"cpu": "100m"}}}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": {"containers": [CONTAINER]}}
WEB = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "site"},
    "spec": {
        "replicas": 3,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "c", "image": "httpd"}]},
        },
    },
}
KINDS = [
    "Pod", "Node", "ReplicaSet", "Deployment", "DaemonSet", "Namespace", "Lease", "ConfigMap",
    "PriorityClass",
]  # fmt: skip


def manifest(kind, name):
    resource = BUILTIN.of_kind(kind) or next(r for r in BUILTIN if r.kind == kind)
    obj = {"apiVersion": resource.api_version, "kind": kind, "metadata": {"name": name}}
    obj["metadata"]["labels"] = LABELS
    if kind in SPECS:
        obj["spec"] = SPECS[kind] | {"template": TEMPLATE}
    elif kind == "Pod":
        obj["spec"] = TEMPLATE["spec"]
    elif kind == "ConfigMap":
        obj["data"] = {"a": "b"}
    elif kind == "Lease":
        obj["spec"] = {"renewTime": "2026-11-23T04:16:02.000000Z", "holderIdentity": name}
    elif kind == "PriorityClass":
        obj |= {"value": 5}
    return resource, obj


def wrecked(draw, value, depth=0):
    """Return a copy in which one value, drawn by hypothesis, is another or not there."""
    if isinstance(value, dict | list) and value and draw(st.integers(0, 9)):
        keys = list(value) if isinstance(value, dict) else range(len(value))
        chosen = draw(st.sampled_from(keys))
        copied = deepcopy(value)
        if draw(st.integers(0, 4)):
            copied[chosen] = wrecked(draw, value[chosen])
        else:
            del copied[chosen]
        return copied
    return draw(st.sampled_from(JUNK))


JUNK = [None, True, 0, -1, 1.5, "", "x", "\0", '"', "é", "10.0.0.1", "Running", "x" * 300, 2**63]
JUNK += [10**30, [], [None], [[]], ["a", "a"], {}, {"x": None}, {"": {}}, {"type": "Ready"}]
NAMES = ["odd", "o\0d", 'o"d', "öd", "O_d", "", "a/b", "x" * 300, "o\\d", "web", "o\nd"]


def damaged(draw, data):
    """Return what a careless writer makes of an encoded object."""
    try:
        obj = json.loads(data)
    except ValueError:
        return data + b"}"
    if not isinstance(obj.get("metadata"), dict):
        return data[:-1]
    how = draw(st.integers(0, 17))
    match how:
        case 0:
            return data[: draw(st.integers(0, len(data)))]
        case 1:
            return json.dumps(dict(reversed(obj.items())), separators=(",", ":")).encode()
        case 2:
            return json.dumps(obj, indent=1).encode()
        case 3:
            obj["metadata"].pop("uid", None)
        case 4:
            obj["metadata"]["uid"] = draw(st.sampled_from([UID, 'a"b', "\0", "é", 5, "", None]))
        case 5:
            obj["metadata"]["name"] = draw(st.sampled_from([*NAMES, 5, None]))
        case 6:
            return draw(
                st.sampled_from(
                    [b"", b"{}", b"[]", b"5", b"null", b"\xff\xfe", b'"x"', b"[" * 100000, data * 2]
                )
            )
        case 7:
            return data[:-1] + b',"spec":{}}'
        case 8:
            return data[:-1] + b',"x":' + b"9" * 400 + b"}"
        case 9:
            obj = {**obj, "status": {}, "late": 1}
        case 10 | 14 | 15 | 16:
            obj["status"] = wrecked(draw, STATUSES.get(obj["kind"], {"phase": "Running"}))
        case 11:
            obj["metadata"]["ownerReferences"] = [OWNER, OWNER | {"uid": "x"}]
        case _:
            obj = wrecked(draw, obj)
    return json.dumps(obj, separators=(",", ":"), ensure_ascii=draw(st.booleans())).encode()


STATUSES = {
    "Pod": {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": CREATED}],
        "hostIP": "10.0.0.9",
        "podIP": "10.244.0.9",
        "podIPs": [{"ip": "10.244.0.9"}],
        "startTime": CREATED,
        "containerStatuses": [
            {
                "name": "c",
                "state": {"running": {"startedAt": CREATED}},
                "ready": True,
                "restartCount": 1,
                "image": "httpd",
                "imageID": "x",
                "containerID": "y://z",
            }
        ],
    },
    "Node": {
        "capacity": {"cpu": "4", "pods": "110"},
        "allocatable": {"cpu": "4", "memory": "1Gi", "pods": "110"},
        "conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": CREATED}],
        "addresses": [{"type": "InternalIP", "address": "172.20.9.9"}],
        "images": [{"names": ["httpd"], "sizeBytes": 5}],
    },
    "Deployment": {"replicas": 2, "conditions": [{"type": "Progressing", "status": "True"}]},
    "ReplicaSet": {"replicas": 2},
    "DaemonSet": {"currentNumberScheduled": 1, "desiredNumberScheduled": 1},
    "Namespace": {"phase": "Terminating", "conditions": [{"type": "x", "status": "True"}]},
}


def held_of(cluster, resource):
    found = cluster.store.range(resource.prefix, prefix_end(resource.prefix)).kvs
    ours = [kv for kv in found if not kv.key.endswith(b"/pykube-settings")]
    return [(kv.key, kv.value) for kv in ours if kv.value.startswith(resource.head)]


def readable(cluster, kind):
    with contextlib.suppress(StatusError):
        cluster.list(kind)
    with contextlib.suppress(StatusError):
        cluster.list(kind, label_selector="app=odd")


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_an_object_that_others_wrote_wrongly_stops_nobody(data):
    draw = data.draw
    kind = draw(st.sampled_from(KINDS))
    with Store(salt=1) as store:
        cluster = Cluster(nodes=2, seed=1, store=store)
        resource, obj = manifest(kind, "odd")
        cluster.run(seconds=5)
        cluster.apply(obj)
        cluster.run(seconds=draw(st.sampled_from([0, 5])))
        good = cluster.server.get(resource, "odd").data
        for _ in range(draw(st.integers(1, 3))):
            held = held_of(cluster, resource)
            if held and draw(st.booleans()):
                key, value = draw(st.sampled_from(held))  # Nodes and leases are in use.
            else:
                name, value = draw(st.sampled_from(NAMES[:1] * 9 + NAMES)), good
                key = resource.key("default", name)
            store.put(key, damaged(draw, value))
            cluster.run(seconds=draw(st.sampled_from([0, 5, 60])))
            if draw(st.integers(0, 3)) == 0:
                cluster.close()
                cluster = Cluster(store=store)
                cluster.run(seconds=5)
            readable(cluster, kind)
        if kind not in ("Node", "Namespace"):
            cluster.apply(WEB)
            cluster.run(seconds=60)
            pods = [value for key, value in held_of(cluster, PODS) if b"/site-" in key]
            assert sum(b'"phase":"Running"' in pod for pod in pods) >= 3, pods
        store.put(key, value)
        cluster.run(seconds=5)
        readable(cluster, kind)
        store.delete(key)
        cluster.run(seconds=5)
        with contextlib.suppress(StatusError, InputError):
            cluster.delete(kind, "odd")
        cluster.run(seconds=5)
        cluster.close()


WORKLOADS = [
    manifest("Deployment", "a")[1],
    manifest("ReplicaSet", "b")[1],
    manifest("DaemonSet", "c")[1],
]
for each in WORKLOADS:
    own = {"app": each["metadata"]["name"]}
    each["spec"] = each["spec"] | {"selector": {"matchLabels": own}}
    each["spec"]["template"] = TEMPLATE | {"metadata": {"labels": own}}


@pytest.mark.parametrize("restarted", [False, True])
def test_what_is_damaged_and_repaired_goes_on_as_before(restarted, caplog):
    with Store(salt=1) as store:
        cluster = Cluster(nodes=2, seed=1, store=store)
        cluster.apply(WORKLOADS)
        cluster.run()
        before = sorted(pod["metadata"]["uid"] for pod in cluster.list("Pod"))
        assert len(before) == 6
        kinds = (cluster.resource(kind) for kind in ("Deployment", "ReplicaSet", "DaemonSet"))
        good = [pair for resource in kinds for pair in held_of(cluster, resource)]
        for key, value in good:
            cluster.store.put(key, value[: len(value) // 2])
        cluster.run(seconds=300)
        assert sum("passed over" in line for line in caplog.messages) == len(good) == 4
        if restarted:
            cluster.close()
            cluster = Cluster(store=store)
        for key, value in good:
            cluster.store.put(key, value)
        cluster.run(seconds=300)
        assert sorted(pod["metadata"]["uid"] for pod in cluster.list("Pod")) == before
        cluster.scale("Deployment", "a", 1)
        for kind, name in (("ReplicaSet", "b"), ("DaemonSet", "c")):
            cluster.delete(kind, name)
        cluster.run(seconds=300)
        assert len(cluster.list("Pod")) == 1
        cluster.close()


def test_what_does_not_decode_is_handed_out_to_nobody():
    with Cluster(nodes=2) as cluster:
        cluster.apply(manifest("Pod", "odd")[1])
        cluster.run()
        (pod,) = held_of(cluster, PODS)
        cluster.store.put(pod[0], pod[1][:-1])
        requests = [
            lambda: cluster.get("Pod", "odd"),
            lambda: cluster.list("Pod"),
            lambda: cluster.delete("Pod", "odd"),
            lambda: cluster.server.patch(PODS, {"metadata": {"labels": None}}, "odd"),
            lambda: cluster.server.bind("odd", "default", "node-1"),
        ]
        for request in requests:
            with pytest.raises(StatusError, match="unable to decode") as caught:
                request()
            assert caught.value.code == 500


def test_a_time_that_is_none_does_not_keep_a_store_from_being_opened():
    with Store(salt=1) as store:
        with Cluster(nodes=1, store=store) as cluster:
            cluster.run(seconds=100)
            now_ns = cluster.clock()
        for text in (b"x", b"2026-99-99T00:00:00Z", b""):
            data = b'{"metadata":{"creationTimestamp":"%b"}}' % text
            store.put(PODS.key("default", "odd"), data)
            with Cluster(store=store) as cluster:
                assert now_ns - 20 * NANO < cluster.clock() <= now_ns + NANO


@pytest.mark.parametrize(
    "status", [{"name": "c"}, {}, {"name": "c", "state": {"running": {}}}, {"state": {}}]
)
def test_a_status_that_the_kubelet_cannot_go_on_from_stops_no_other_pod(status):
    with Store(salt=1) as store:
        for _ in range(2):
            cluster = Cluster(nodes=None, seed=1, store=store)
            cluster.apply(manifest("Pod", "odd")[1])
            cluster.run(seconds=10)
            pod = json.loads(cluster.server.get(PODS, "odd").data)
            pod["status"]["containerStatuses"] = [status]
            store.put(PODS.key("default", "odd"), json.dumps(pod, separators=(",", ":")).encode())
            cluster.run(seconds=10)
            cluster.apply(WEB)
            cluster.run(seconds=10)
            pods = cluster.list("Pod", label_selector="app=web")
            assert [pod["status"]["phase"] for pod in pods] == ["Running"] * 3
            cluster.close()
