import contextlib
import gzip
import io
import json
from types import SimpleNamespace

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pykube_core.api.machinery.errors import InputError
from pykube_core.workloads.collector import TableBuilder
from pykube_core.workloads.read import read_workload
from pykube_core.workloads.read.snapshot import Snapshot


def node(name="n1", **status):
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {"zone": "a"},
            "managedFields": [{"manager": "kubelet"}],
        },
        "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}, **status},
    }


def pod(name="web-1", *, metadata=None, status=None, **spec):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "shop",
            "uid": f"uid-{name}",
            "labels": {"app": "web"},
            "annotations": {"cni.projectcalico.org/podIP": f"10.0.0.{len(name)}"},
            "creationTimestamp": "2026-01-01T00:00:05Z",
            "ownerReferences": [
                {"kind": "ReplicaSet", "name": "web", "uid": "u1", "controller": True}
            ],
            **(metadata or {}),
        },
        "spec": {
            "containers": [
                {
                    "name": "main",
                    "image": "web:1",
                    "env": [{"name": "POD", "value": name}],
                    "resources": {"requests": {"cpu": "500m"}},
                }
            ],
            "volumes": [{"name": f"kube-api-access-{name}", "projected": {"sources": []}}],
            **spec,
        },
        "status": {"phase": "Running", "podIP": f"10.0.1.{len(name)}", **(status or {})},
    }


def listed(*items, kind="List"):
    return {"apiVersion": "v1", "kind": kind, "items": list(items)}


@pytest.fixture
def read(tmp_path):
    def write_and_read(*documents):
        paths = []
        for index, document in enumerate(documents):
            path = tmp_path / f"{index}.txt"
            data = document if isinstance(document, bytes | str) else json.dumps(document)
            path.write_bytes(data.encode() if isinstance(data, str) else data)
            paths.append(path)
        return read_workload(*paths)

    return write_and_read


def test_mixed_list_keeps_nodes_pods_and_what_scheduling_reads(read):
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "s", "namespace": "shop"},
    }
    foreign = {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "k"}}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}
    workload = read(listed(pod(nodeName="n1"), node(), service, foreign, secret, pod("web-2")))
    assert [n["metadata"]["name"] for n in workload.nodes] == ["n1"]
    assert "managedFields" not in workload.nodes[0]["metadata"]
    assert workload.pods.names == ["shop/web-1", "shop/web-2"]
    assert workload.pods.node.tolist() == [0, -1]
    assert list(workload.objects) == ["services"]
    assert len(workload.objects["services"]) == 1


def test_replicas_share_one_template_without_what_only_one_pod_has(read):
    workload = read(listed(node(), *(pod(f"web-{i}", nodeName="n1") for i in range(1, 12))))
    assert workload.pods.templates == [
        {
            "metadata": {
                "namespace": "shop",
                "labels": {"app": "web"},
                "ownerReferences": [{"kind": "ReplicaSet", "name": "web", "controller": True}],
            },
            "spec": {
                "containers": [
                    {
                        "name": "main",
                        "image": "web:1",
                        "resources": {"requests": {"cpu": "500m"}},
                    }
                ]
            },
        }
    ]


def test_typed_lists_whose_items_have_no_kind_are_read(read):
    bare_node, bare_pod = node(), pod(nodeName="n1")
    for obj in (bare_node, bare_pod):
        del obj["kind"], obj["apiVersion"]
    workload = read(listed(bare_node, kind="NodeList"), listed(bare_pod, kind="PodList"))
    assert workload.pods.node.tolist() == [0]
    assert "0.txt + " in workload.source


def test_lists_in_lists_single_objects_and_empty_lists_are_read(read):
    assert len(read(listed(listed(node()), {"kind": "PodList", "items": None})).nodes) == 1
    assert len(read(node()).pods) == 0


def test_finished_pods_are_left_out(read):
    done = [pod(p, status={"phase": p}) for p in ("Succeeded", "Failed")]
    assert read(listed(node(), *done, pod())).pods.names == ["shop/web-1"]


def test_pods_of_daemon_sets_and_mirror_pods_are_pinned(read):
    daemon = {"ownerReferences": [{"kind": "DaemonSet", "name": "d", "controller": True}]}
    mirror = {"annotations": {"kubernetes.io/config.mirror": "abc"}}
    workload = read(
        listed(
            node(),
            pod("a", metadata=daemon, nodeName="n1"),
            pod("b", metadata=mirror, nodeName="n1"),
            pod("c", nodeName="n1"),
            pod("d", metadata=daemon),
        )
    )
    assert workload.pods.pinned.tolist() == [True, True, False, False]
    assert workload.pods.released().node.tolist() == [0, 0, -1, -1]


def test_first_creation_is_virtual_time_zero(read):
    later = {"creationTimestamp": "2026-01-01T00:01:00Z"}
    pods = read(listed(node(), pod("a", metadata=later), pod("b"))).pods
    assert pods.created_ns.tolist() == [55 * 10**9, 0]
    assert pods.deleted_ns.tolist() == [-1, -1]


def test_volumes_that_can_refuse_a_node_stay(read):
    claim = {"name": "data", "persistentVolumeClaim": {"claimName": "c"}}
    volumes = [claim, {"name": "tmp", "emptyDir": {}}]
    template = read(listed(node(), pod(volumes=volumes))).pods.templates[0]
    assert template["spec"]["volumes"] == [claim]


def test_status_of_a_bound_pod_stays_only_while_it_differs_from_the_spec(read):
    same = {"containerStatuses": [{"name": "main", "resources": {"requests": {"cpu": "500m"}}}]}
    more = {"containerStatuses": [{"name": "main", "allocatedResources": {"cpu": "1"}}]}
    templates = read(
        listed(node(), pod("a", status=same, nodeName="n1"), pod("b", status=more, nodeName="n1"))
    ).pods.templates
    assert "status" not in templates[0]
    assert templates[1]["status"] == more


def test_yaml_documents_are_read_as_the_same_workload(read):
    items = [node(), pod(nodeName="n1"), pod("web-2")]
    from_list = read(yaml.safe_dump(listed(*items)))
    from_many = read("---\n" + yaml.safe_dump_all(items) + "---\n")
    from_json = read(listed(*items))
    for other in (from_many, from_json):
        assert other.nodes == from_list.nodes
        assert other.pods.names == from_list.pods.names
        assert other.pods.templates == from_list.pods.templates


def test_pods_written_by_hand_get_defaults_and_priorities(read):
    high = {"kind": "PriorityClass", "metadata": {"name": "high"}, "value": 7}
    resources = {"limits": {"cpu": "1"}}
    hand_written = {
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {
            "containers": [{"name": "c", "resources": resources}],
            "priorityClassName": "high",
        },
    }
    workload = read(listed(node(), hand_written, high))
    assert workload.pods.names == ["default/p"]
    assert workload.pods.templates == [
        {
            "metadata": {"namespace": "default"},
            "spec": {
                "priorityClassName": "high",
                "priority": 7,
                "preemptionPolicy": "PreemptLowerPriority",
                "containers": [
                    {"name": "c", "resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}}
                ],
            },
        }
    ]


def test_label_keys_are_merged_for_pods_written_by_hand_and_kept_as_a_server_stored_them(read):
    spread = {
        "maxSkew": 1,
        "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {},
        "matchLabelKeys": ["app"],
    }
    by_hand = pod("a", metadata={"uid": ""}, topologySpreadConstraints=[spread])
    stored = pod("b", topologySpreadConstraints=[spread])
    first, second = read(listed(node(), by_hand, stored)).pods.templates
    merged = {"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}
    assert first["spec"]["topologySpreadConstraints"][0]["labelSelector"] == merged
    assert second["spec"]["topologySpreadConstraints"][0]["labelSelector"] == {}


def test_unknown_fields_of_objects_from_a_server_are_dropped(read):
    newer = pod(affinity={"podAffinity": {"newField": 1}}, newerField=2)
    (template,) = read(listed(node(), newer)).pods.templates
    assert template["spec"]["affinity"] == {"podAffinity": {}}
    assert "newerField" not in template["spec"]


def test_gzip_of_several_members_is_read(read):
    text = json.dumps(listed(node(), pod())).encode()
    assert len(read(gzip.compress(text[:50]) + gzip.compress(text[50:])).pods) == 1


def test_dash_is_standard_input(monkeypatch):
    data = json.dumps(listed(node(), pod())).encode()
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    workload = read_workload("-", "-")
    assert (len(workload.nodes), len(workload.pods), workload.source) == (1, 1, "<stdin>")


PRIORITY_CLASS = {"kind": "PriorityClass", "metadata": {"name": "low"}, "value": 1}
BAD_OBJECTS = {
    "two pods of one name": (
        listed(node(), pod(), pod(metadata={"uid": "another"})),
        'Pod shop/web-1: metadata.name: Duplicate value: "web-1"',
    ),
    "two nodes of one name": (
        listed(node(), node(allocatable={"cpu": "8"})),
        'Node n1: metadata.name: Duplicate value: "n1"',
    ),
    "no name": (listed(node(""), pod()), "items[0]: metadata.name: Required value"),
    "no kind": ({"metadata": {"name": "x"}}, "kind: Required value"),
    "no nodes": (listed(pod()), "no Node objects"),
    "quantity of a pod": (
        listed(node(), pod(containers=[{"resources": {"requests": {"cpu": "1x"}}}])),
        "Pod shop/web-1: spec.containers[0].resources.requests[cpu]: Invalid value: "
        '"1x": quantities must match the regular expression '
        "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ),
    "quantity of a node": (
        listed(node(allocatable={"memory": "1e9999999"})),
        'Node n1: status.allocatable[memory]: Invalid value: "1e9999999": '
        "quantity has more than 256 digits",
    ),
    "misspelt field of a pod written by hand": (
        listed(node(), pod("a", metadata={"uid": ""}, nodeSelecter={"a": "b"})),
        'Pod shop/a: spec.nodeSelecter: Pod in version "v1" cannot be handled as a Pod: '
        'strict decoding error: unknown field "spec.nodeSelecter"',
    ),
    "rule of Kubernetes": (
        listed(node(), pod(tolerations=[{"key": "k", "operator": "Near"}])),
        'Pod shop/web-1: Pod "web-1" is invalid: spec.tolerations[0].operator: Unsupported value: '
        '"Near": supported values: "Equal", "Exists"',
    ),
    "rule for nodes": (
        listed(node(allocatable={"cpu": "-1"})),
        'Node n1: Node "n1" is invalid: status.allocatable.cpu: Invalid value: "-1": '
        "must be greater than or equal to 0",
    ),
    "unknown priority class": (
        listed(node(), pod(priorityClassName="high"), PRIORITY_CLASS),
        "Pod shop/web-1: spec.priorityClassName: no PriorityClass with name high was found",
    ),
    "wrong type in a pod": (
        listed(node(), pod(metadata={"labels": {"a": 1}})),
        "Pod shop/web-1: metadata.labels[a]: expected a string, got 1",
    ),
    "wrong type of allocatable": (
        listed(node(allocatable=[])),
        "Node n1: status.allocatable: expected an object, got []",
    ),
    "bad time": (
        listed(node(), pod(metadata={"creationTimestamp": "yesterday"})),
        "Pod shop/web-1: metadata.creationTimestamp: Invalid value: 'yesterday': "
        "expected a time in RFC 3339",
    ),
    "item that is no object": (listed(node(), 7), "items[1]: expected an object, got 7"),
    "no list of items": ({"kind": "List", "items": 7}, "items: expected a list or null, got 7"),
    "lists too deep": (
        listed(listed(listed(listed(listed(node()))))),
        "items[0].items[0].items[0].items[0]: lists are nested too deep",
    ),
}


@pytest.mark.parametrize(("document", "reason"), BAD_OBJECTS.values(), ids=BAD_OBJECTS)
def test_bad_object_names_file_object_and_field(read, tmp_path, document, reason):
    with pytest.raises(InputError) as error:
        read(document)
    assert str(error.value) == f"{tmp_path / '0.txt'}: {reason}"


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
BAD_TEXTS = {
    "json duplicate key": (
        '{"kind": "Node", "metadata": {"name": "n"}, "spec": {}, "spec": {}}',
        'Node n: spec: Node in version "v1" cannot be handled as a Node: strict decoding error: '
        'duplicate field "spec"',
    ),
    "cut off": ('{"kind": "List",\n "items": [', "line 2: the JSON text ends too early"),
    "bad byte": (b'{"kind":\n\xff}', "line 2: not UTF-8 text"),
    "not UTF-8 inside": (b'{"kind": "\xff"}', "not UTF-8 text"),
    "deep": ('{"kind": "List", "items": [' + '{"a":' * 200_000, "nested too deep"),
    "cut gzip": (gzip.compress(b"{}" * 99)[:-12], "the gzip data ends too early"),
    "bad gzip": (b"\x1f\x8b\x00\x00", "the gzip data are damaged"),
    "empty": (" \n", "the file is empty"),
    "yaml syntax": ("kind: List\nitems: [", "line 3: bad YAML"),
    "yaml duplicate key": (
        "kind: Pod\nmetadata: {}\nkind: Node\n",
        'line 3: key "kind" is already set in map',
    ),
    "yaml laughs": (LAUGHS, "line 5: document contains excessive aliasing"),
    "yaml cycle": ("a: &a\n  b: *a\n", "line 2: anchor 'a' value contains itself"),
    "yaml code": ("kind: !!python/object/apply:os.getcwd []\n", "kind: "),
    "yaml text": ("just words", "expected a Kubernetes object"),
    "yaml deep": ("[" * 300 + "]" * 300, "nested more than 200 deep"),
    "yaml deeper than C's stack": ("a: " + "[" * 200_000, "nested more than 200 deep"),
    "yaml deep in blocks": ("- " * 200_000, "nested more than 200 deep"),
}


@pytest.mark.parametrize(("text", "reason"), BAD_TEXTS.values(), ids=BAD_TEXTS)
def test_bad_text_is_refused_with_its_place(read, text, reason):
    with pytest.raises(InputError) as error:
        read(text)
    assert reason in str(error.value)


WHOLE = listed(
    node(),
    pod(
        nodeName="n1",
        status={"containerStatuses": [{"name": "main", "resources": {"requests": {"cpu": "1"}}}]},
        tolerations=[{"key": "k"}],
        affinity={"podAffinity": {}},
        initContainers=[{"name": "i", "image": "x", "restartPolicy": "Always"}],
    ),
    pod("hand", metadata={"uid": ""}),
    {"kind": "ReplicaSet", "metadata": {"name": "r"}, "spec": {"selector": {}}},
    {"kind": "PriorityClass", "metadata": {"name": "p"}, "value": 1},
)  # fmt: skip
JUNK = [None, True, 0, -1, 1.5, "", "x", [], [None], [[]], {}, {"x": None}, {"": {}}, "1e9999999"]


def mutated(data, value):
    """Return a copy of a document in which one value, drawn by hypothesis, is another."""
    kind = type(value)
    if kind in (dict, list) and value and data.draw(st.integers(0, 9)):
        keys = list(value) if kind is dict else range(len(value))
        chosen = data.draw(st.sampled_from(keys))
        copied = kind(value)
        copied[chosen] = mutated(data, value[chosen])
        return copied
    return data.draw(st.sampled_from(JUNK))


@settings(max_examples=150)
@given(st.data())
def test_any_wrong_value_anywhere_is_read_or_refused_cleanly(data):
    table = TableBuilder()
    snapshot = Snapshot(table)
    with contextlib.suppress(InputError):
        snapshot.read("x", json.dumps(mutated(data, WHOLE)).encode())
        snapshot.set_priorities()
        table.build(snapshot.node_rows())


def test_missing_file_is_named():
    with pytest.raises(InputError, match=r"^/no/such/file: No such file or directory$"):
        read_workload("/no/such/file")


def test_yaml_scalars_are_what_kubernetes_takes_them_for(read):
    text = """
kind: Node
metadata:
  name: n1
  creationTimestamp: 2026-01-01T00:00:00Z
  annotations: &first {"1": "a", time: 22:22}
  labels: {<<: *first, time: late}
status: {allocatable: {cpu: 4, memory: 0.5, pods: !!str 7}}
"""
    (found,) = read(text).nodes
    assert found["metadata"]["creationTimestamp"] == "2026-01-01T00:00:00Z"
    assert found["metadata"]["annotations"] == {"1": "a", "time": "22:22"}
    assert found["metadata"]["labels"] == {"1": "a", "time": "late"}
    assert found["status"]["allocatable"] == {"cpu": "4", "memory": "500m", "pods": "7"}
