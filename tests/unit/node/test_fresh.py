import msgspec
import pytest

from pykube_core.api.core import NODES, PODS
from pykube_core.apiserver import ApiObject, Binding
from pykube_core.node.admission import Node
from pykube_core.node.fresh import FreshPods
from pykube_core.node.pods import Template
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
    (pod,) = world.server.batch.bind([Binding(namespace, name, node)])
    return pod


def learnt(obj):
    """Return what has seen a pod, and its template."""
    template = Template(obj.view(PodView), obj.body.spec, is_agent=False)
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
    more = ApiObject.parse(PODS, copy.key, data, copy.revision)
    others = [
        more,
        bound(world, "c", "n1", hostname="x"),
        bound(world, "d", "n9"),
        world.server.create(PODS, {"metadata": {"name": "e"}, "spec": SPEC}, "default"),
        bound(world, "b", "n1", "kube-system"),
    ]
    assert [fresh.pod(obj, nodes) for obj in others] == [None] * 5
    assert fresh.pod(copy, nodes) is not None


def test_pod_without_a_node_is_told_by_its_body(world):
    server = world.server
    pods = [
        server.create(PODS, {"metadata": {"name": name}, "spec": SPEC}, "default")
        for name in ("one", "another")
    ]
    placed = server.create(
        PODS, {"metadata": {"name": "placed"}, "spec": SPEC | {"nodeName": "n1"}}, "default"
    )
    bodies = {pod.body for pod in pods}
    assert len(bodies) == 1
    assert not bodies & {placed.body, bound(world, "bound", "n1").body}


def test_pods_that_do_not_begin_as_new_ones_are_read_each_by_itself(world):
    world.node()
    running = {"name": "c", "restartCount": 3, "state": {"running": {"startedAt": SINCE}}}
    status = msgspec.json.encode({"phase": "Running", "containerStatuses": [running]})
    for name in "ab":
        pod = world.server.create(PODS, {"metadata": {"name": name}, "spec": SPEC}, "default")
        world.server.batch.patch_status(PODS, [(pod, status)])
        world.server.bind(name, "default", "n1")
    world.run(1)
    assert [world.container(name)["restartCount"] for name in "ab"] == [3, 3]
