"""``pykube demo walkthrough``: a deployment's way through a cluster, request by request."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from pykube_core.api.machinery.times import NANO, time_text

if TYPE_CHECKING:
    from pykube_core.api.machinery.objects import KubeObject
    from pykube_core.api.machinery.registry import Resource
    from pykube_core.apiserver import ApiObject
    from pykube_core.cluster.cluster import Cluster
    from pykube_core.cluster.request_log import Request

DESCRIPTION = """\
What happens between kubectl create deployment and two pods that run: every request to the API
server, by whom, and what it changed, stage by stage. The cluster is made as kubeadm makes it:
master ken, hosts host1 and host2, flannel. It runs in this process, on a virtual clock.
"""

EPILOG = """\
examples:
  pykube demo walkthrough
  pykube demo walkthrough --output json | jq '.stages[].requests[] | {client, verb, path}'
"""

_STAGES: Final = (
    (
        "kubectl sends the deployment to the API server.",
        "The API server checks it, fills in defaults and puts it into etcd. It does nothing else: "
        "whoever\nhas to act on it watches the API server.",
    ),
    (
        "The API server tells the controller manager, which creates the deployment's resources.",
        "The deployment controller sees a Deployment without a ReplicaSet and creates it; the "
        "replica set\ncontroller sees a ReplicaSet that wants two pods and has none.",
    ),
    (
        "The scheduler places the pods on nodes.",
        "It watches for pods without a node, leaves out the nodes that cannot take them, as ken "
        "with its\ntaint, scores the others, and binds each pod to the best one.",
    ),
    (
        "The kubelets of these nodes create and run the pods.",
        "Each watches for pods that are bound to its node. The pod network gives an address, the "
        "image is\npulled, the container is started; the kubelet reports what it sees.",
    ),
    (
        "The controllers see what became of it, and say so in the status.",
        "They count the pods that run and are ready; that is what kubectl get deployment shows.",
    ),
)
"""Each stage, and why it happens."""
_SCHEDULER: Final = "kube-scheduler"


class Stage(NamedTuple):
    """Events that belong together in the story."""

    title: str
    why: str
    requests: list[Request]


class Story(NamedTuple):
    """The walk through a cluster.

    Attributes
    ----------
    before : list of str
        ``kubectl get pod --all-namespaces -o wide`` before the deployment.
    start_ns : int
        When the deployment was created.
    stages : list of Stage
        The steps from there until its pods ran.
    after : list of str
        The deployment and its pods, 20 minutes later.
    passed_ns : int
        How much of the cluster's time it took.
    """

    before: list[str]
    start_ns: int
    stages: list[Stage]
    after: list[str]
    passed_ns: int


def add_parser(scenes: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the scene to the demo."""
    text = "follow a deployment through the cluster, request by request"
    parser = scenes.add_parser("walkthrough", help=text, description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument(
        "--output", metavar="FORMAT", choices=("text", "json"), default="text",
        help="text or json (default: text)",
    )  # fmt: skip
    parser.add_argument(
        "--seed", metavar="N", type=int, default=0, help="draws names and uids (default: 0)"
    )
    parser.set_defaults(run=run, parser=parser)


def run(options: argparse.Namespace) -> int:
    """Live through it, and tell."""
    began = time.perf_counter()
    story = live(options.seed)
    if options.output == "json":
        print(json.dumps(_as_json(story), indent=2))
    else:
        print(tell(story, time.perf_counter() - began))
    return 0


def live(seed: int = 0) -> Story:
    """Make the cluster, deploy, and look."""
    from pykube_core.api.apps import DEPLOYMENTS, REPLICA_SETS
    from pykube_core.api.core import EVENTS, PODS
    from pykube_core.cluster.request_log import RequestLog
    from pykube_core.experiments import walkthrough as scenes

    with scenes.new_cluster(seed) as cluster:
        began_ns = cluster.clock()
        scenes.live_through(cluster)
        before = _table(cluster, PODS, "")
        scenes.recover(cluster)
        cluster.log.pull()
        watched = (DEPLOYMENTS, REPLICA_SETS, PODS, EVENTS)
        request_log = RequestLog(cluster.log, cluster.loop, watched)
        start_ns = cluster.clock()
        scenes.deploy(cluster, request_log)
        request_log.close()
        stages = _stages(
            [r for r in request_log.requests if r.change.object.namespace == "default"]
        )
        scenes.replace_pods(cluster)
        after = [*_table(cluster, DEPLOYMENTS, "default"), "", *_table(cluster, PODS, "default")]
        return Story(before, start_ns, stages, after, cluster.clock() - began_ns)


def _table(cluster: Cluster, resource: Resource, namespace: str) -> list[str]:
    from pykube_core.cli.printing import TableOptions, table_lines

    objects = [obj.decode() for obj in cluster.server.list(resource, namespace).items]
    wide = resource.kind == "Pod"
    options = TableOptions(wide=wide, with_namespace=not namespace)
    return table_lines(resource, objects, cluster.clock(), options)


def _stages(requests: Sequence[Request]) -> list[Stage]:
    """Sort requests into the stages of the story; within one they keep their order."""
    stages = [Stage(title, why, []) for title, why in _STAGES]
    for request in requests:
        stages[_stage_of(request)].requests.append(request)
    return stages


def _stage_of(request: Request) -> int:
    from pykube_core.cluster.request_log import CLIENT, KUBELET

    match request.client:
        case client if client == CLIENT:
            return 0
        case client if client == _SCHEDULER:
            return 2
        case client if client == KUBELET:
            return 3
    return 1 if request.verb == "POST" else 4


def tell(story: Story, took: float) -> str:
    """Return the story as text."""
    hours = story.passed_ns / NANO / 3600
    lines = [
        f"{hours:.1f} hours of a cluster, lived through in {took:.1f} s: a master, two hosts that "
        "joined it, and",
        "a controller manager and a scheduler that crashed now and then.",
        "",
        "$ kubectl get pod --all-namespaces -o wide",
        *story.before,
        "",
        "Every part of the control plane but the kubelet runs in a pod of its own. While the two",
        "that crashed wait to be restarted, nothing is scheduled; then the work goes on.",
        "",
        "$ kubectl create deployment httpd-ken --image=httpd --replicas=2",
    ]
    for number, stage in enumerate(story.stages, 1):
        lines += ["", f"{number}. {stage.title}", "", stage.why, ""]
        for request in stage.requests:
            lines += _told(request, story.start_ns)
    lines += [
        "",
        "Someone deletes both pods a quarter of an hour later; the ReplicaSet has them replaced.",
        "After 20 minutes:",
        "",
        "$ kubectl get deployment; kubectl get pod -o wide",
        *story.after,
    ]
    return "\n".join(lines)


def _told(request: Request, start_ns: int) -> Iterator[str]:
    obj = request.change.object
    client = f"{request.client} on {request.node}" if request.node else request.client
    offset = (request.time_ns - start_ns) / NANO
    head = f"  {offset:7.3f} s  {client:<24} "
    if obj.resource.kind == "Event":
        yield f"{head}event: {_event_text(obj.decode())}"
        return
    yield f"{head}{request.verb} {request.path}"
    for what in differences(request):
        yield f"{'':39}{what}"


def _event_text(event: KubeObject) -> str:
    involved = event["involvedObject"]
    where = f"{involved['kind'].lower()}/{involved['name']}"
    return f"{event['reason']} {where}: {event.get('message') or event.get('note', '')}"


def differences(request: Request) -> list[str]:
    """Return what of an object's row in ``kubectl get -o wide`` a request changed."""
    obj, before, now_ns = request.change.object, request.before, request.time_ns
    if before is None:
        return [f"{obj.resource.kind} in etcd: {obj.key.decode()}, revision {obj.revision}"]
    if request.after is None:
        return []
    old, new = _cells(before, now_ns), _cells(obj, now_ns)
    changed = [column for column in new if old[column] != new[column]]
    return [f"{column}: {old[column]} -> {new[column]}" for column in changed]


def _cells(obj: ApiObject, now_ns: int) -> dict[str, object]:
    cells = obj.resource.cells(obj.decode(), now_ns)
    return {column.name: cell for column, cell in zip(obj.resource.columns, cells, strict=True)}


def _as_json(story: Story) -> KubeObject:
    return {
        "pods": story.before,
        "stages": [
            {
                "title": stage.title,
                "why": " ".join(stage.why.split()),
                "requests": [_request_json(r, story.start_ns) for r in stage.requests],
            }
            for stage in story.stages
        ],
        "deployment": story.after,
    }


def _request_json(request: Request, start_ns: int) -> KubeObject:
    before, after = request.before, request.after
    return {
        "time": time_text(request.time_ns),
        "offset_ns": request.time_ns - start_ns,
        "client": request.client,
        "node": request.node,
        "verb": request.verb,
        "path": request.path,
        "old": None if before is None else before.decode(),
        "new": None if after is None else after.decode(),
    }
