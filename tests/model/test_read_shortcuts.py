"""What readers take from the bytes of objects, against the same objects decoded as a whole."""

import contextlib
from itertools import product
from unittest import mock

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from pykube_core.api.core import CONFIG_MAPS, PODS
from pykube_core.api.machinery.patch import MERGE_PATCH
from pykube_core.api.machinery.status import StatusError
from pykube_core.apiserver import ApiObject, ApiServer, Binding
from pykube_core.apiserver.registry import lifecycle
from pykube_core.client.informers import Deleted, SharedInformer, Updated
from pykube_core.controllers import GarbageCollector
from pykube_core.controllers.pods import PodReader
from pykube_core.objects import encode
from pykube_core.scheduler.component.signatures import PodSignatures, is_sized
from pykube_core.store import Store

START_NS = 1_795_407_362 * 10**9
SINCE = "2026-11-23T04:16:02Z"
# Texts that look like the bytes that readers look for.
ODD = ["", "x", '},"spec":{"nodeName":"', '","uid":"', ',"status":{"phase":"Failed"}}', '\\",é']
LABELS = [{}, {"app": "web"}, {"app": "web", "spec": "nodeName"}, {"uid": "1", "status": "phase"}]
READY = {"type": "Ready", "status": "True", "lastTransitionTime": SINCE}
ODD_CONDITION = {"type": "A", "status": "True", "message": '}],"conditions":[{}],"phase":"Failed"'}
STATUSES = [
    {},
    {"phase": "Running"},
    {"phase": "Succeeded", "reason": "Evicted"},
    {"observedGeneration": 2, "phase": "Failed"},
    {"message": '"phase":"Failed"', "phase": "Pending", "nominatedNodeName": "n2"},
    {"conditions": [READY]},
    {"phase": "Running", "conditions": [READY], "podIP": "10.0.0.1"},
    {"phase": "Running", "conditions": [READY], "reason": "Odd", "podIP": "10.0.0.22"},
    {"phase": "Failed", "conditions": [READY], "reason": "Evicted"},
    {"phase": "Failed", "conditions": [READY], "podIP": "10.0.0.1", "reason": "NodeLost"},
    {"phase": "Failed", "conditions": [], "reason": "Evicted"},
    {"conditions": [READY], "reason": "Evicted", "phase": "Failed"},
    {"conditions": [READY], "phase": "Running"},
    {"phase": "Running", "conditions": [ODD_CONDITION]},
    {"phase": "Running", "conditions": [ODD_CONDITION], "podIP": "10.0.0.1"},
    {"phase": "Running", "conditions": [ODD_CONDITION, READY]},
    {"unknown": {"phase": "Failed", "conditions": [READY]}, "phase": "Running"},
    {"reason": "Odd", "phase": "Running", "conditions": [READY]},
    {"unknown": {"phase": "x", "conditions": [READY]}, "phase": "Running", "conditions": [READY]},
    {"unknown": {"phase": "x", "conditions": [READY]}, "phase": "Pending", "conditions": [READY]},
    {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]},
    {"phase": "Running", "resources": {"requests": {"cpu": "1"}}},
    {"phase": "Running", "hostIP": "10.0.0.1"},
    {"phase": "Failed", "hostIP": "10.0.0.1"},
    {"phase": "Running", "hostIP": "10.0.0.2", "resources": {"requests": {"cpu": "1"}}},
    {"phase": "Running", "resources": {"requests": {"cpu": "1"}}, "hostIP": "10.0.0.3"},
]
names = st.sampled_from("ab")
nodes = st.sampled_from(["", "n1", "n22"])
owners = st.lists(st.tuples(st.sampled_from(["o", "p"]), st.booleans()), max_size=1)
metadata = st.fixed_dictionaries(
    {},
    optional={
        "labels": st.sampled_from(LABELS),
        "annotations": st.dictionaries(st.sampled_from(["a", "spec", "uid"]), st.sampled_from(ODD)),
        "ownerReferences": owners,
        "finalizers": st.sampled_from([[], ["example.com/hold"]]),
    },
)
graces = st.sampled_from([None, -1, 0, 5])
propagations = st.sampled_from(["", "Background", "Foreground", "Orphan"])
operations = st.one_of(
    st.tuples(st.just("create"), names, metadata, nodes),
    st.tuples(st.just("create_copies"), names, metadata, nodes),
    st.tuples(st.just("patch"), names, metadata),
    st.tuples(st.just("status"), names, st.sampled_from(STATUSES)),
    st.tuples(st.just("replace_status"), names, st.sampled_from(STATUSES)),
    st.tuples(st.just("bind"), names, st.integers(0, 20)),
    st.tuples(st.just("delete"), names, graces, propagations, st.booleans()),
    st.tuples(st.just("read"), st.integers(0, 1)),
)


def complete(given):
    """Return metadata with whole owner references."""
    if "ownerReferences" not in given:
        return given
    references = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": f"uid-{name}"}
        | ({"controller": True} if controls else {})
        for name, controls in given["ownerReferences"]
    ]
    return given | {"ownerReferences": references}


def pod_shown(obj):
    """Return what a `Pod` shows of an object."""
    whole = msgspec.json.decode(obj.data)
    metadata, status = whole["metadata"], whole.get("status", {})
    owner = [o["uid"] for o in metadata.get("ownerReferences", ()) if o.get("controller")]
    terminating, phase = "deletionTimestamp" in metadata, status.get("phase", "")
    ended = phase in ("Succeeded", "Failed")
    ready = [c for c in status.get("conditions", ()) if c["type"] == "Ready"]
    return {
        "uid": metadata["uid"],
        "owner": "".join(owner[:1]),
        "labels": metadata.get("labels", {}),
        "node": whole["spec"].get("nodeName", ""),
        "created": metadata["creationTimestamp"],
        "terminating": terminating,
        "phase": phase,
        "reason": status.get("reason", "") if ended else "",
        "active": not (terminating or ended),
        "ending": terminating and not ended,
        "ready_ns": START_NS if ready and ready[0]["status"] == "True" else None,
    }


def shown(pod):
    return {
        field: getattr(pod, field)
        for field in pod.__struct_fields__
        if field not in ("body", "revision")
    }


def check_scheduler(obj, signatures):
    whole = msgspec.json.decode(obj.data)
    metadata, spec, status = whole["metadata"], whole["spec"], whole.get("status", {})
    signature = signatures.of(obj)
    assert (obj.name, obj.uid) == (metadata["name"], metadata["uid"])
    assert (signature.node, signature.namespace) == (spec.get("nodeName", ""), "default")
    assert signature.nominated_node == status.get("nominatedNodeName", "")
    assert signature.is_deleting == ("deletionTimestamp" in metadata)
    done = status.get("phase") in ("Succeeded", "Failed")
    assert signature.is_done == done
    assert signature.is_sized == is_sized(obj)
    assert signatures.read_status(obj) == (done, is_sized(obj))
    assert is_sized(obj) or "resources" not in status
    assert obj.bound_to in ("", spec.get("nodeName", ""))
    body = obj.body
    assert body.is_bound == bool(obj.bound_to)
    assert msgspec.json.decode(body.spec) | {"nodeName": 0} == spec | {"nodeName": 0}
    assert body.view(dict)["metadata"] == metadata | {"name": "", "uid": ""}
    assert body.unbound.bound is body if body.is_bound else body.unbound is body


class World:
    """An API server, a log, a garbage collector that only looks, and two that share a reader."""

    def __init__(self, store):
        self.store = store
        self.server = ApiServer(store, clock=lambda: START_NS)
        self.server.bootstrap()
        self.log = SharedInformer(store, self.server.registry, self.server.written)
        self.collector = GarbageCollector(self.server, self.log)
        self.every = self.log.cursor(PODS, every_version=True)
        self.cursors = [self.log.cursor(PODS), self.log.cursor(PODS)]
        self.reader = PodReader()
        self.signatures = PodSignatures(None)
        self.states = []
        self.expected = {}
        self.returned = []

    def apply(self, operation, name, *given):
        with contextlib.suppress(StatusError):
            getattr(self, operation)(name, *given)
        self.log.pull()
        for change in self.every.read():
            self.check_log(change)

    def check_log(self, change):
        new = change.object
        if type(change) is Deleted:
            return
        whole = msgspec.json.decode(new.data)
        assert msgspec.json.decode(new.status) == whole.get("status", {})
        if type(change) is Updated:
            old = msgspec.json.decode(change.old.data)
            alone = (old | {"status": 0}) == (whole | {"status": 0})
            assert change.is_status_alone == alone or not change.old.body.has_tail
            assert new.has_body_of(change.old) == change.is_status_alone
        check_scheduler(new, self.signatures)
        self.expected[new.key, new.revision] = pod_shown(new)
        self.states.append(new)

    def pod(self, given, node):
        spec = {"containers": [{"name": "c", "image": "i"}]} | ({"nodeName": node} if node else {})
        return {"metadata": complete(given), "spec": spec}

    def create(self, name, given, node):
        pod = self.pod(given | {"name": name}, node)
        self.server.create(PODS, pod, "default")
        config = {"metadata": complete(given) | {"name": name}}
        self.server.create(CONFIG_MAPS, config, "default")

    def create_copies(self, name, given, node):
        pod = self.pod(given | {"name": name}, node)
        self.server.batch.create(PODS, pod, "default", names=["a", "b"])

    def patch(self, name, given):
        patch = {"metadata": complete(given)}
        for resource in (CONFIG_MAPS, PODS):
            self.server.patch(resource, patch, name, "default", patch_type=MERGE_PATCH)

    def status(self, name, status):
        self.server.patch(PODS, {"status": status}, name, "default", subresource="status")

    def replace_status(self, name, status):
        held = self.log.get(PODS, name, "default") or self.server.get(PODS, name, "default")
        self.server.batch.patch_status(PODS, [(held, msgspec.json.encode(status))])

    def bind(self, name, index):
        """Bind with a state that may be stale, as without one."""
        states = [state for state in self.states if state.name == name]
        if not states:
            return
        state = states[index % len(states)]
        uid = msgspec.json.decode(state.data)["metadata"]["uid"]
        held = self.log.get(PODS, name, "default")
        bindings = [Binding("default", name, "n1", uid, state)] * 2
        first, again = self.server.batch.bind(bindings)
        assert isinstance(again, StatusError)
        whole = held and msgspec.json.decode(held.data)
        may = whole and whole["metadata"]["uid"] == uid and not whole["spec"].get("nodeName")
        if not may or "deletionTimestamp" in whole["metadata"]:
            assert isinstance(first, StatusError)
            assert first.code == (409 if held else 404)
            return
        bound = msgspec.json.decode(first.data)
        assert bound["metadata"] == whole["metadata"]
        assert bound["spec"] == whole["spec"] | {"nodeName": "n1"}
        (condition,) = [c for c in bound["status"]["conditions"] if c["type"] == "PodScheduled"]
        assert condition["status"] == "True"
        assert "nominatedNodeName" not in bound["status"]

    def delete(self, name, grace, propagation, batch):
        """Delete one, or some in a batch, one of them twice; each becomes what the rules say."""
        options = {"grace_period_seconds": grace, "propagation": propagation}
        names = "aba" if batch else name
        for resource in (CONFIG_MAPS, PODS):
            expected = {n: self.after_deletion(resource, n, grace, propagation) for n in names}
            targets = [("default", n, "") for n in names]
            outcomes = self.server.batch.delete(resource, targets, **options)
            for target, outcome in zip(names[:2], outcomes, strict=False):
                held = self.stored(resource, target)
                assert (held and msgspec.json.decode(held)) == expected[target]
                assert isinstance(outcome, StatusError) or outcome.gone == (held is None)

    def stored(self, resource, name):
        found = self.store.get(resource.key("default", name))
        return found and found.value

    def after_deletion(self, resource, name, grace, propagation):
        held = self.stored(resource, name)
        if held is None:
            return None
        whole = msgspec.json.decode(held)
        marked, is_going = lifecycle.mark_deleted(resource, whole, grace, propagation, START_NS)
        return None if is_going else marked

    def read(self, index):
        """Read, and forget, as controllers do, what one of the two has not read yet."""
        for change in self.cursors[index].read():
            obj = change.object
            if type(change) is Deleted:
                self.reader.forget(obj.key)
                continue
            pod = self.reader.read(obj)
            assert pod.revision >= obj.revision
            assert shown(pod) == self.expected[obj.key, pod.revision]
            self.returned.append((pod, shown(pod)))

    def check(self):
        for index in (0, 1):
            self.read(index)
        for obj in self.log.all(PODS):
            assert shown(self.reader.read(obj)) == pod_shown(obj)
        assert all(shown(pod) == before for pod, before in self.returned)
        for change in self.collector.cursor.read():
            self.collector._note(change, START_NS)
        expected = {}
        for resource in self.server.registry:
            for obj in self.server.list(resource).items if resource.plural != "events" else ():
                metadata = obj.decode()["metadata"]
                uids = tuple(o["uid"] for o in metadata.get("ownerReferences", ()))
                deleting = "deletionTimestamp" in metadata
                expected[metadata["uid"]] = (obj.key, uids, deleting, metadata.get("namespace", ""))
        found = {
            uid: (thing.key, thing.owners, thing.deleting, thing.place)
            for uid, thing in self.collector._things.items()
        }
        assert found == expected


def test_statuses_that_begin_alike_are_told_apart():
    states = []
    for name in "abc":
        metadata = {"name": name, "uid": f"uid-{name}", "creationTimestamp": SINCE}
        datas = [encode(PODS, {"metadata": metadata, "spec": {}, "status": s}) for s in STATUSES]
        key = PODS.key("default", name)
        objects = [ApiObject.parse(PODS, key, data, 1) for data in datas]
        states.append([(obj, pod_shown(obj)) for obj in objects])
    for run in product(*states):
        reader = PodReader()
        assert all(shown(reader.read(obj)) == expected for obj, expected in run)


@settings(max_examples=400, deadline=None)
@given(st.lists(operations, max_size=25), st.sampled_from([1, 2, 4096]))
def test_what_is_taken_from_bytes_is_what_decoding_says(history, most):
    limits = mock.patch.multiple("pykube_core.controllers.pods", _SHARED_MAX=most, _GONE_MAX=most)
    with limits, Store() as store:
        world = World(store)
        for operation, *given in history:
            if operation == "read":
                world.read(*given)
            else:
                world.apply(operation, *given)
        world.check()
        world.log.close()
