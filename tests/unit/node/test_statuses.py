"""Statuses that copies share as forms, against those that are each pod's own."""

import json
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from pykube_core.api.core import NODES
from pykube_core.apiserver.registry.filling import ENCODED_STATUS
from pykube_core.node.admission import Node
from pykube_core.node.pods import CRASHED, ENDED, IDLE, RUNNING, Template, new_pod
from pykube_core.node.runtime import container_id
from pykube_core.node.statuses import ended, status_of
from pykube_core.node.views import PodView
from pykube_core.store import Form, Puts
from tests.unit.node.node_world import START, World

SECOND = 10**9
OTHERS = [b"", b',{"type":"PodScheduled","status":"True"}', b',{"type":"\\u0001%b"}']


@dataclass(frozen=True)
class Turn:
    """What happens to some pods; then, maybe, the statuses of all of them are written.

    ``stages`` are those of their containers, by index.
    """

    pods: tuple[int, ...]
    stages: tuple[int, ...]
    others: bytes
    has_address: bool
    has_sandbox: bool
    seconds: int
    is_written: bool


TURNS = st.builds(
    Turn,
    st.sampled_from([(0,), (1,), (2,), (0, 1, 2)]),
    st.sampled_from([(), (RUNNING,), (RUNNING,), (RUNNING, IDLE), (ENDED,), (RUNNING, CRASHED)]),
    st.sampled_from(OTHERS),
    st.booleans(),
    st.booleans(),
    st.integers(0, 1),
    st.booleans(),
)


def change(pod, turn, now_ns):
    address = f"10.244.1.{len(pod.name) ** 2}" if turn.has_address else ""
    pod.others, pod.address, pod.sandbox = turn.others, address, turn.has_sandbox
    for index, c in enumerate(pod.containers):
        stage = turn.stages[index % len(turn.stages)] if turn.stages else c.stage
        if stage == RUNNING and c.stage != RUNNING:
            if c.ended or c.last:
                c.attempt, c.last, c.ended = c.attempt + 1, c.ended or c.last, None
            c.reason, c.message, c.started_ns, c.ready, c.started = "", "", now_ns, True, True
        elif stage in (ENDED, CRASHED) and c.stage == RUNNING:
            how = ended(pod, c, 1, now_ns)
            c.ended, c.last = (how, c.last) if stage == ENDED else (None, how)
            c.reason, c.message = "CrashLoopBackOff", 'back-off "\x01"'
            c.ready = c.started = False
        elif stage != c.stage:
            continue
        c.stage = stage


def text(filled):
    row = [""] * 4 + [field.decode() for field in filled.fields]
    (put,) = Puts.filled(Form(b""), [Form(filled.text)], row, [0])
    return put[1]


def check(pod, status):
    assert status == json.dumps(json.loads(status), separators=(",", ":")).encode()
    shown = json.loads(status)
    held = [pod.address] if pod.address else []
    assert [each["ip"] for each in shown.get("podIPs", [])] == held
    assert (shown["hostIP"], shown["hostIPs"]) == ("172.20.10.7", [{"ip": "172.20.10.7"}])
    assert shown["conditions"][4:] == json.loads(b"[%b]" % pod.others[1:])
    each = shown.get("initContainerStatuses", []) + shown["containerStatuses"]
    for c, found in zip(pod.containers, each, strict=True):
        assert (found["name"], found["restartCount"]) == (c.share.name, c.attempt)
        if c.stage == RUNNING:
            assert found["containerID"] == container_id(pod.uid, c.share.name, c.attempt)


@settings(deadline=None)
@given(st.sampled_from([1, 2, 26, 27, 40]), st.booleans(), st.lists(TURNS, max_size=12))
def test_statuses_that_copies_share_are_those_of_each_pod(count, has_init, turns):
    world = World()
    world.node()
    node = Node(world.server.get(NODES, "n1"))
    containers = [{"name": f"c{index}", "image": "httpd"} for index in range(count)]
    inits = [{"name": "i", "image": "httpd"}] if has_init else []
    objects = [
        world.pod("copy" * (i + 1), containers=containers, initContainers=inits) for i in range(3)
    ]
    views = [obj.view(PodView) for obj in objects]

    def made(templates):
        pods = [new_pod(obj, obj.uid, node, t) for obj, t in zip(objects, templates, strict=True)]
        for pod in pods:
            pod.admitted, pod.start, pod.phase = True, "2026-11-23T04:16:02Z", "Running"
        return pods

    shared = Template(views[0], objects[0].body.spec, is_agent=False)
    copies = made([shared] * 3)
    own = made([Template(v, shared.spec_json, is_agent=False) for v in views])
    now_ns = START
    for turn in turns:
        now_ns += turn.seconds * SECOND
        for index in turn.pods:
            change(copies[index], turn, now_ns)
            change(own[index], turn, now_ns)
        for pair in zip(copies, own, strict=True) if turn.is_written else ():
            pair[1].template.statuses.clear()
            statuses = [text(status_of(pod, now_ns)) for pod in pair]
            assert statuses[0] == statuses[1]
            check(pair[0], statuses[0])
    world.close()


def test_a_pod_that_was_refused_is_its_own_only_field(world):
    world.node()
    obj = world.pod()
    node = Node(world.server.get(NODES, "n1"))
    template = Template(obj.view(PodView), obj.body.spec, is_agent=False)
    pod = new_pod(obj, obj.uid, node, template)
    pod.phase, pod.reason, pod.message = "Failed", "OutOfcpu", 'a "\x01" and a \x00'
    filled = status_of(pod, START)
    assert filled.text is ENCODED_STATUS
    assert json.loads(text(filled))["message"] == pod.message
