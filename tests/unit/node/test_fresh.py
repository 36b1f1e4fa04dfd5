import msgspec
import pytest

from pykube_core.api.builtin import NODES, PODS
from pykube_core.apiserver import ApiObject, Binding
from pykube_core.node.admission import Node
from pykube_core.node.fresh import FreshPods
from pykube_core.node.pods import Template, spec_json
from pykube_core.node.views import PodView

SINCE = "2026-11-23T04:16:02Z"
SPEC = {"containers": [{"name": "c", "image": "httpd"}]}


@pytest.fixture
def nodes(world):
    for name in ("n1", "node-22"):
        world.node(name)
    return {name: Node(world.server.get(NODES, name)) for name in ("n1", "node-22")}


def bound(world, name, node, namespace="default", **more):
    obj = {"metadata": {"name": name}, "spec": SPEC | more}
    world.server.create(PODS, obj, namespace)
    (pod,) = world.server.bind_many([Binding(namespace, name, node)])
    return pod


def learnt(obj):
    """Return what has seen a pod, and its template."""
    template = Template(obj.view(PodView), spec_json(obj), is_agent=False)
    fresh = FreshPods()
    fresh.add(obj, template)
    return fresh, template


def shown(pod):
    return pod.namespace, pod.name, pod.uid, pod.node


@pytest.mark.parametrize("turns", [1, 2])
def test_copies_on_any_node_are_read_by_their_template(world, nodes, turns):
    fresh, template = learnt(bound(world, "a", "n1"))
    for turn in range(turns):
        for name, node in ((f"b{turn}", "node-22"), (f"a-longer-name-{turn}", "n1")):
            obj = bound(world, name, node)
            pod = fresh.pod(obj, nodes)
            assert shown(pod) == ("default", name, obj.uid, node)
            assert pod.template is template
            assert pod.host is nodes[node]


def test_pods_that_show_anything_else_are_not_read(world, nodes):
    fresh, _ = learnt(bound(world, "a", "n1"))
    copy = bound(world, "b", "n1")
    assert fresh.pod(copy, nodes) is not None
    # Between a node's name and what copies share is a field more.
    data = copy.data.replace(b'"n1",', b'"n1","hostname":"x",')
    more = type(copy)(PODS, copy.key, data, copy.revision)
    others = [
        more,
        bound(world, "c", "n1", hostname="x"),
        bound(world, "d", "n9"),
        world.server.create(PODS, {"metadata": {"name": "e"}, "spec": SPEC}, "default"),
        bound(world, "b", "n1", "kube-system"),
    ]
    assert [fresh.pod(obj, nodes) for obj in others] == [None] * 5
    assert fresh.pod(copy, nodes) is not None


def test_pod_without_a_node_is_told_by_how_the_last_one_ended(world):
    server = world.server
    one, two = [
        server.create(PODS, {"metadata": {"name": name}, "spec": SPEC}, "default")
        for name in ("one", "another")
    ]
    fresh = FreshPods()
    assert not one.data.endswith(fresh.unbound)
    assert fresh.is_unbound(one)
    assert two.data.endswith(fresh.unbound)
    on_node = bound(world, "bound", "n1")
    assert not on_node.data.endswith(fresh.unbound)
    assert not fresh.is_unbound(on_node)


@pytest.mark.parametrize(
    "data",
    [
        b'{"kind":"Pod"}',
        b'{"kind":"Pod","spec":{},"status":{},"metadata":{"name":"x","uid":"%b"}}' % (b"0" * 36),
    ],
)
def test_nobody_is_told_by_the_end_of_a_pod_that_lies_in_another_order(world, nodes, data):
    fresh = FreshPods()
    assert fresh.is_unbound(ApiObject(PODS, PODS.key("default", "x"), data, 1))
    status = {"phase": "Pending", "qosClass": "BestEffort"}
    for obj in (
        bound(world, "a", "n1"),
        bound(world, "b", "n1").with_status(msgspec.json.encode(status)),
    ):
        assert not obj.data.endswith(fresh.unbound)


def test_pods_that_do_not_begin_as_new_ones_are_read_each_by_itself(world):
    world.node()
    running = {"name": "c", "restartCount": 3, "state": {"running": {"startedAt": SINCE}}}
    status = msgspec.json.encode({"phase": "Running", "containerStatuses": [running]})
    for name in "ab":
        pod = world.server.create(PODS, {"metadata": {"name": name}, "spec": SPEC}, "default")
        world.server.replace_status_many(PODS, [(pod, status)])
        world.server.bind(name, "default", "n1")
    world.run(1)
    assert [world.container(name)["restartCount"] for name in "ab"] == [3, 3]
