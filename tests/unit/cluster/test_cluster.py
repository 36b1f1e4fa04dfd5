from datetime import UTC, datetime

import pytest

from pykube_core import Cluster, InputError
from pykube_core.api.machinery.status import StatusError
from pykube_core.cluster.applying import UnservedKindError

CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data: {a: b}
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: httpd}]}
"""


@pytest.fixture
def cluster():
    with Cluster() as made:
        yield made


def test_apply_creates_configures_and_leaves_alone(cluster, tmp_path):
    assert [done.outcome for done in cluster.apply(CONFIG_MAP)] == ["created"]
    assert [done.outcome for done in cluster.apply(CONFIG_MAP)] == ["unchanged"]
    path = tmp_path / "c.yaml"
    path.write_text(CONFIG_MAP.replace("a: b", "c: d"))
    assert [done.outcome for done in cluster.apply(path)] == ["configured"]
    assert cluster.get("configmap", "c")["data"] == {"c": "d"}


def test_manifests_are_files_directories_text_and_objects(cluster, tmp_path):
    (tmp_path / "b.yaml").write_text(CONFIG_MAP + "---\n" + CONFIG_MAP.replace("c}", "d}"))
    (tmp_path / "a.json").write_text('{"apiVersion":"v1","kind":"List","items":[]}')
    (tmp_path / "notes.txt").write_text("none")
    assert [done.object.name for done in cluster.apply(str(tmp_path))] == ["c", "d"]
    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "e"}}
    assert [done.object.name for done in cluster.apply([made, CONFIG_MAP])] == ["e", "c"]


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ("kind: ConfigMap\nmetadata: {name: x}", "<text>: ConfigMap x: apiVersion not set"),
        ("a: [", "<text>: line 2: bad YAML"),
        ("no-such-file.yaml", "no-such-file.yaml: No such file or directory"),
    ],
)  # fmt: skip
def test_manifests_that_cannot_be_read_apply_nothing(cluster, manifest, message):
    with pytest.raises(InputError) as error:
        cluster.apply([CONFIG_MAP, manifest])
    assert str(error.value).startswith(message)
    with pytest.raises(StatusError, match="not found"):
        cluster.get("cm", "c")


SERVED_BESIDE = """
{apiVersion: policy/v1beta1, kind: PodSecurityPolicy, metadata: {name: web}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}
---
{apiVersion: apps/v1beta1, kind: Deployment, metadata: {name: old}}
---
{apiVersion: bar/v1, kind: Foo, metadata: {name: x}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: d}}
"""


def test_apply_goes_on_after_kinds_that_are_not_served_and_says_what_they_are(cluster):
    with pytest.raises(UnservedKindError) as error:
        cluster.apply(SERVED_BESIDE)
    assert [done.object.name for done in error.value.applied] == ["c", "d"]
    assert [config_map["metadata"]["name"] for config_map in cluster.list("cm", "default")][:2] == [
        "c",
        "d",
    ]
    assert str(error.value) == (
        '<text>: PodSecurityPolicy web: no matches for kind "PodSecurityPolicy" in version '
        '"policy/v1beta1": pykube does not serve Kubernetes\' PodSecurityPolicy, which its '
        "simulation does without; "
        '<text>: Deployment old: no matches for kind "Deployment" in version "apps/v1beta1": '
        "pykube serves Deployment as apps/v1; "
        '<text>: Foo x: no matches for kind "Foo" in version "bar/v1"; applied: 2'
    )


def test_a_directory_goes_on_where_it_ended(tmp_path):
    with Cluster(store=tmp_path, start=datetime(2026, 3, 1, tzinfo=UTC)) as cluster:
        cluster.apply(CONFIG_MAP)
        cluster.run(seconds=60)
        cluster.apply(CONFIG_MAP.replace("c}", "d}"))
        ended = cluster.now
    with Cluster(store=tmp_path) as cluster:
        assert 0 <= (cluster.now - ended).total_seconds() <= 1
        assert [obj["metadata"]["name"] for obj in cluster.list("cm", "default")] == ["c", "d"]
    with Cluster(store=tmp_path, clock="wall") as cluster:
        assert cluster.now > datetime(2026, 3, 1, tzinfo=UTC)


def test_one_seed_is_one_history_in_memory_and_on_disk(tmp_path):
    hashes = []
    for store, seed in ((None, 1), (tmp_path, 1), (None, 2)):
        with Cluster(store=store, seed=seed) as cluster:
            cluster.apply(CONFIG_MAP)
            cluster.run(seconds=3600)
            cluster.apply(CONFIG_MAP.replace("a: b", "c: d"))
            hashes.append(cluster.history_hash)
    assert hashes[0] == hashes[1] != hashes[2]


def test_an_unknown_kind_is_kubectls_error(cluster):
    with pytest.raises(InputError, match='the server doesn\'t have a resource type "foo"'):
        cluster.list("foo")


def test_a_list_item_without_a_proper_key_is_refused(cluster):
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}
    cluster.apply(pod | {"spec": {"containers": [{"name": "a", "image": "i"}]}})
    for name in (["x"], {"x": 1}, None):
        with pytest.raises(StatusError):
            cluster.apply(pod | {"spec": {"containers": [{"name": name, "image": "i"}]}})


@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        ({"name": 1}, "number into Go struct field ObjectMeta.metadata.name of type string"),
        ({"name": ["a"]}, "array into Go struct field ObjectMeta.metadata.name of type string"),
        ({"name": "c", "annotations": "a"}, "string into Go struct field ObjectMeta.metadata.anno"),
        ({"name": "c", "annotations": ["a"]}, "array into Go struct field ObjectMeta.metadata.ann"),
        (5, "number into Go struct field ConfigMap.metadata of type v1.ObjectMeta"),
        ("c", "string into Go struct field ConfigMap.metadata of type v1.ObjectMeta"),
    ],
)
def test_metadata_of_other_types_is_refused(cluster, metadata, why):
    with pytest.raises(StatusError) as error:
        cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    assert error.value.code == 400
    assert f"json: cannot unmarshal {why}" in error.value.message


@pytest.mark.parametrize("name", ["x" * 300, "a\0b"])
def test_a_path_that_no_file_can_have_is_refused(cluster, name):
    with pytest.raises(InputError):
        cluster.apply(name)


def test_an_unreadable_kind_is_named_with_whatever_stands_as_its_name(cluster):
    with pytest.raises(InputError, match=r"<object>: Pod \['a'\]: no matches for kind"):
        cluster.apply({"apiVersion": "x", "kind": "Pod", "metadata": {"name": ["a"]}})


def test_quantities_may_be_numbers_and_are_text_from_then_on(cluster):
    resources = {"requests": {"cpu": 1, "memory": 1000000}, "limits": {"cpu": 1.5}}
    container = {"name": "c", "image": "i", "resources": resources}
    cluster.apply(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}
        | {"spec": {"containers": [container]}}
    )
    cluster.run()
    pod = cluster.get("pod", "p")
    assert pod["status"]["phase"] == "Running"
    held = pod["spec"]["containers"][0]["resources"]
    assert held == {"requests": {"cpu": "1", "memory": "1M"}, "limits": {"cpu": "1500m"}}


def test_odd_nodes_that_the_api_takes_stop_nobody(cluster):
    odd = (
        {"capacity": {"cpu": 4, "pods": 110}},
        {"conditions": [None, {"type": "Ready", "status": "True"}]},
        {"images": [{"names": ["httpd"], "sizeBytes": -1}]},
    )
    for index, status in enumerate(odd):
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"odd{index}"}}
        cluster.apply(node | {"status": status})
    cluster.apply(DEPLOYMENT)
    assert cluster.run()
    assert cluster.get("deployment", "web")["status"]["readyReplicas"] == 1


def test_events_outlive_the_process_that_wrote_them_and_end_after_their_time(tmp_path):
    with Cluster(nodes=1, store=tmp_path / "data") as cluster:
        cluster.apply(DEPLOYMENT)
        cluster.run()
        written = {event["metadata"]["name"] for event in cluster.list("events")}
    with Cluster(store=tmp_path / "data") as cluster:
        cluster.run(seconds=60)
        assert {event["metadata"]["name"] for event in cluster.list("events")} >= written
        cluster.run(seconds=3700)
        assert not {event["metadata"]["name"] for event in cluster.list("events")} & written


def with_requests(cpu, memory):
    resources = f'resources: {{requests: {{cpu: {cpu}, memory: "{memory}"}}}}'
    return DEPLOYMENT.replace("image: httpd", f"image: httpd, {resources}")


def test_apply_of_the_same_amounts_in_another_notation_changes_nothing(cluster):
    cluster.apply(with_requests("1000m", "1024Mi"))
    cluster.run()
    held = cluster.get("deploy", "web")
    for cpu, memory in (("1", "1Gi"), ("1.0", "1Gi"), ("'1000m'", "1024Mi")):
        cluster.apply(with_requests(cpu, memory))
        cluster.run()
        assert cluster.get("deploy", "web") == held
    assert held["metadata"]["generation"] == 1
    cluster.apply(with_requests("1", "1073741824"))
    cluster.run()
    assert cluster.get("deploy", "web")["metadata"]["generation"] == 1
    assert len(cluster.list("rs", "default")) == 1
    cluster.apply(with_requests("2", "1Gi"))
    cluster.run()
    assert len(cluster.list("rs", "default")) == 2


def test_a_strategy_may_be_applied_to_a_deployment_that_was_given_none(cluster):
    cluster.apply(DEPLOYMENT)
    recreate = DEPLOYMENT.replace("spec:\n  sel", "spec:\n  strategy: {type: Recreate}\n  sel")
    assert [done.outcome for done in cluster.apply(recreate)] == ["configured"]
    assert cluster.get("deploy", "web")["spec"]["strategy"] == {"type": "Recreate"}
    assert [done.outcome for done in cluster.apply(recreate)] == ["unchanged"]
