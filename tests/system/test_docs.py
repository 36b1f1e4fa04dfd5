"""The tutorial, the pages of policies, of Python and of what is simulated, run as they stand."""

import json
import re
from pathlib import Path

import pytest
from console import DOCS, FILE_NAME, SNAPSHOT, TUTORIAL, Reader, steady
from console import blocks as blocks_of

import pykube_core as pk
from pykube_core.api.builtin import BUILTIN
from pykube_core.reports.comparison import compare
from pykube_core.scheduler.policies.user_policy import STANDARD_RESOURCES, node_fields, pod_fields
from pykube_core.workloads.contents import KUBECTL_COMMAND


def page(name):
    return (DOCS / name).read_text(encoding="utf-8")


def blocks(name):
    return re.findall(r"^```python\n(.*?)^```", page(name), re.MULTILINE | re.DOTALL)


def rows(name):
    """Return the first and the second cell of every row of a page's tables."""
    found = re.findall(r"^\| (.+?) \| (.+?) \|", page(name), re.MULTILINE)
    return [row for row in found if row[0] not in ("---", "case", "field")]


@pytest.mark.parametrize("name", ["python-api.md", "policies.md"])
def test_the_examples_of_a_page_run_as_they_stand(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile("\n".join(blocks(name)), name, "exec"), {"__name__": "docs"})


def test_the_tutorial_prints_what_it_shows(tmp_path):
    for command, shown, found in Reader(tmp_path, SNAPSHOT).follow(page(TUTORIAL.name)):
        assert steady(found) == steady(shown), command
    report = (tmp_path / "report.html").read_text()
    for told in (
        ">Set-up<",
        ">Over the run<",
        ">Nodes<",
        "compare --snapshot cluster.json --seeds 3",
    ):
        assert told in report


def test_every_block_of_the_tutorial_is_saved_or_run():
    text = page(TUTORIAL.name)
    found = blocks_of(text)
    assert text.count("\n```") == 2 * len(found)
    for block in found:
        assert block.language in ("console", "python") or FILE_NAME.search(block.above), block.text
    commands = [c for b in found if b.language == "console" for c, _ in b.commands()]
    assert KUBECTL_COMMAND in commands
    (policy,) = (b.text for b in found if b.above.endswith("`leave_room.py`:"))
    assert len(policy.splitlines()) <= 10


def test_every_public_name_has_an_example():
    code = "\n".join(blocks("python-api.md"))
    text = page("python-api.md")
    for name in pk.__all__:
        assert f"pk.{name}" in code, name
        assert f"`{name}" in text or name in ("InputError", "StatusError"), name


def test_the_page_of_policies_has_every_field_and_no_other():
    documented = {field.strip("`") for field, _ in rows("policies.md")}
    written = {f"node.{field}" for field in node_fields(["R"])}
    written |= {f"pod.{field}" for field in pod_fields(["R"])}
    assert documented == written
    for name in STANDARD_RESOURCES:
        assert f"`{name}`" in page("policies.md")


def test_the_error_on_the_page_of_policies_is_the_one_that_comes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text("def score(node, pod):\n    return node.free_gpus\n")
    shown = re.search(r"error: (mine.py:.*), \.\.\.$", page("policies.md"), re.MULTILINE)[1]
    with pytest.raises(pk.InputError) as caught:
        compare(pk.synthetic(nodes=2, pods=2), ["mine.py:score"])
    assert str(caught.value).startswith(shown)


def pod(name="p", spec=None, metadata=None, **container):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, **(metadata or {})},
        "spec": {"containers": [{"name": "c", "image": "httpd", **container}], **(spec or {})},
    }


def node(name="n", **spec):
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name},
        "spec": spec,
        "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "9"}},
    }


def placed(tmp_path, *objects):
    """Return how many pods of a snapshot are placed."""
    path = tmp_path / "cluster.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}))
    workload = pk.read_workload(path)
    if not len(workload.pods):
        return None
    return compare(workload, ["default"]).rows()[0]["placed"]


CLAIM = {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "none"}}]}
TAINT = {"taints": [{"key": "a", "effect": "NoSchedule"}]}
NOT_READY = {"conditions": [{"type": "Ready", "status": "False"}]}


def names_missing(tmp_path):
    env = [{"configMapRef": {"name": "none"}}, {"secretRef": {"name": "none"}}]
    return placed(tmp_path, node(), pod(spec={"serviceAccountName": "none"}, envFrom=env)) == 1


def lacks_priority(tmp_path):
    count = placed(tmp_path, node(), pod(spec={"priorityClassName": "none"}))
    (warning,) = pk.read_workload(tmp_path / "cluster.json").warnings
    return count == 1 and "PriorityClasses that are not in the snapshot" in warning


COMPARING = {
    "a pod's image exists nowhere": lambda t: placed(t, node(), pod(image="no.such/none:1")) == 1,
    "a pod names a missing ConfigMap, Secret or ServiceAccount": names_missing,
    "a pod names a missing PersistentVolumeClaim": lambda t: (
        placed(t, node(), pod(spec=CLAIM)) == 0
    ),
    "a pod names a missing PriorityClass": lacks_priority,
    "a node is cordoned or tainted": lambda t: (
        placed(t, node(unschedulable=True), pod()) == 0 and placed(t, node(**TAINT), pod()) == 0
    ),
    "a node is not Ready, without a taint that says so": lambda t: (
        placed(t, {**node(), "status": {**node()["status"], **NOT_READY}}, pod()) == 1
    ),
    "a pod uses more than it requests": lambda t: (
        placed(t, node(), pod(resources={"limits": {"cpu": "64"}, "requests": {"cpu": "1"}})) == 1
    ),
    "a pod has scheduling gates": lambda t: (
        placed(t, node(), pod(spec={"schedulingGates": [{"name": "a/b"}]})) == 0
    ),
    "a pod has ended (Succeeded, Failed)": lambda t: (
        placed(t, node(), {**pod(), "status": {"phase": "Failed"}}) is None
    ),
    "objects that decide nothing (Ingress, Secret, your own kinds)": lambda t: (
        placed(
            t,
            node(),
            pod(),
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}},
            {"apiVersion": "my.own/v1", "kind": "Thing", "metadata": {"name": "s"}, "spec": 1},
        )
        == 1
    ),
}


@pytest.fixture(scope="module")
def cluster():
    behaviors = {
        "gone": pk.Behavior(missing=True),
        "boom": pk.Behavior(run_seconds=1, exit_code=1),
    }
    with pk.Cluster(nodes=2, seed=1, behaviors=behaviors) as made:
        yield made


def status(cluster, obj):
    """Return the status of a pod two minutes after it was made."""
    cluster.apply(obj)
    cluster.run(seconds=120)
    found = cluster.get("pods", obj["metadata"]["name"])["status"]
    cluster.delete("pods", obj["metadata"]["name"])
    cluster.run(seconds=60)
    return found


def waits(cluster, obj):
    state = status(cluster, obj)["containerStatuses"][0]["state"]
    return state["waiting"]["reason"]


def condition(found, kind):
    (one,) = (c for c in found["conditions"] if c["type"] == kind)
    return one


def is_ready(cluster, **given):
    found = status(cluster, pod(**given))
    return found["phase"] == "Running" and condition(found, "Ready")["status"] == "True"


FAILS = {"exec": {"command": ["false"]}, "periodSeconds": 1}
PROBES = {f"{kind}Probe": FAILS for kind in ("readiness", "liveness", "startup")}
HOOK = {"exec": {"command": ["false"]}}


def gated(cluster):
    found = status(cluster, pod(spec={"readinessGates": [{"conditionType": "x/y"}]}))
    return condition(found, "Ready")["reason"] == "ReadinessGatesNotReady"


def inits(cluster):
    spec = {"initContainers": [{"name": "i", "image": "busybox"}]}
    found = status(cluster, pod(spec=spec))
    ended = found["initContainerStatuses"][0]["state"]["terminated"]
    return ended["exitCode"] == 0 and found["phase"] == "Running"


def addresses(cluster):
    found = [status(cluster, pod(f"p{i}"))["podIP"] for i in range(3)]
    return len(set(found)) == 3


def refused(cluster, obj):
    with pytest.raises((pk.InputError, pk.StatusError)) as caught:
        cluster.apply(obj)
    return str(caught.value)


def of_configs(cluster):
    volume = {"volumes": [{"name": "v", "configMap": {"name": "none"}}]}
    env = [{"configMapRef": {"name": "none"}}]
    return is_ready(cluster, spec=volume) and is_ready(cluster, envFrom=env)


def pending(cluster):
    found = status(cluster, pod(spec=CLAIM))
    return 'persistentvolumeclaim "none" not found' in condition(found, "PodScheduled")["message"]


CONTAINERS = {
    "any image": lambda c: is_ready(c, image="no.such.registry/none:1"),
    "an image with `Behavior(missing=True)`": lambda c: (
        waits(c, pod(image="gone")) == "ImagePullBackOff"
    ),
    "an image with `Behavior(run_seconds=1, exit_code=1)`": lambda c: (
        waits(c, pod(image="boom")) == "CrashLoopBackOff"
    ),
    "command and args": lambda c: is_ready(c, command=["false"], args=["x"]),
    "readiness, liveness and startup probes": lambda c: is_ready(c, **PROBES),
    "readiness gates": gated,
    "postStart and preStop hooks": lambda c: is_ready(
        c, lifecycle={"postStart": HOOK, "preStop": HOOK}
    ),
    "memory and cpu limits": lambda c: is_ready(
        c, resources={"limits": {"memory": "1", "cpu": "1m"}}
    ),
    "init containers": inits,
    "activeDeadlineSeconds": lambda c: (
        status(c, pod(spec={"activeDeadlineSeconds": 5}))["phase"] == "Failed"
    ),
    "pods' addresses": addresses,
    "env or volume of a missing ConfigMap": of_configs,
    "env of a missing Secret": lambda c: is_ready(c, envFrom=[{"secretRef": {"name": "none"}}]),
    "missing ServiceAccount or RuntimeClass": lambda c: is_ready(
        c, spec={"serviceAccountName": "none", "runtimeClassName": "none"}
    ),
    "missing PersistentVolumeClaim": pending,
    "missing PriorityClass": lambda c: (
        "none" in refused(c, pod(spec={"priorityClassName": "none"}))
    ),
    "resourceClaims (DRA)": lambda c: is_ready(
        c, spec={"resourceClaims": [{"name": "x", "resourceClaimName": "none"}]}
    ),
}
KINDS = {row: text for row, text in rows("simulated.md") if text.startswith(("served", "not ser"))}
OTHERS = "all others of an empty cluster: "


def test_every_line_of_what_is_simulated_is_run_by_a_test():
    tested = {*COMPARING, *CONTAINERS, *KINDS, "logs, exec, port-forward"}
    assert {row for row, _ in rows("simulated.md")} == tested


@pytest.mark.parametrize("case", COMPARING)
def test_what_is_said_of_comparing_is_so(case, tmp_path):
    assert COMPARING[case](tmp_path)


@pytest.mark.parametrize("case", CONTAINERS)
def test_what_is_said_of_a_cluster_is_so(case, cluster):
    assert CONTAINERS[case](cluster)


def test_kinds_are_served_or_not_as_is_said():
    served = {resource.kind for resource in BUILTIN}
    for row, text in KINDS.items():
        kinds = set(row.removeprefix(OTHERS).removesuffix(", ...").split(", "))
        assert kinds <= served if text.startswith("served") else not kinds & served, row
    assert sum(row.startswith(OTHERS) for row in KINDS) == 1


def test_commands_that_need_a_container_are_not_there(pykube):
    for word in ("logs", "exec", "port-forward"):
        assert "unknown command" in pykube(word, "x", code=2).stderr
