"""The commands on a data directory, as a user gives them, each a process of its own."""

import json
import re
import subprocess
import sys

import pytest

from pykube_core.store import Store


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Make the cluster that the first changing command makes, with a deployment on it."""
    path = tmp_path_factory.mktemp("commands") / "data"
    words = "create deployment httpd --image=httpd --replicas=2".split()
    done = subprocess.run(
        [sys.executable, "-m", "pykube_core", *words, "--data-dir", path],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "deployment.apps/httpd created\n"
    assert done.stderr == (
        f"pykube: a new cluster in {path}: master ken, nodes host1 and host2 (see pykube init)\n"
    )
    return path


@pytest.fixture
def on(pykube, cluster):
    """Run a command on that cluster."""

    def run(line, **options):
        return pykube(*line.split(), "--data-dir", cluster, **options)

    return run


def cells(text):
    return [re.split(r" {2,}", line.strip()) for line in text.splitlines()]


def test_the_nodes_are_there_and_ready(on):
    rows = cells(on("get nodes --no-headers").stdout)
    assert [row[:3] for row in rows] == [
        ["host1", "Ready", "<none>"],
        ["host2", "Ready", "<none>"],
        ["ken", "Ready", "control-plane"],
    ]


def test_the_deployment_runs_on_both_hosts(on):
    assert cells(on("get deployment httpd --no-headers").stdout)[0][:4] == [
        "httpd",
        "2/2",
        "2",
        "2",
    ]
    rows = cells(on("get pods -l app=httpd -o wide --no-headers").stdout)
    assert [row[1:4] for row in rows] == [["1/1", "Running", "0"]] * 2
    assert sorted(row[6] for row in rows) == ["host1", "host2"]


def test_the_control_plane_runs_in_pods_of_kube_system(on):
    rows = cells(on("get pods -n kube-system --no-headers").stdout)
    assert {row[2] for row in rows} == {"Running"}
    names = {row[0] for row in rows}
    assert {"etcd-ken", "kube-apiserver-ken", "kube-scheduler-ken"} <= names


def test_two_readings_show_the_same_bytes_and_change_nothing(on, cluster):
    def digest():
        with Store(cluster, read_only=True) as store:
            return store.hash()

    before = digest()
    assert on("get all -A -o wide").stdout == on("get all -A -o wide").stdout
    assert digest() == before


def test_scale_create_and_delete_take_hold(pykube, tmp_path):
    env = ["--data-dir", tmp_path / "data"]
    assert "cluster of 2 nodes" in pykube("init", "--nodes", "2", *env).stdout
    pykube("create", "deployment", "web", "--image=nginx", "--replicas=1", *env)
    done = pykube("scale", "deployment/web", "--replicas=3", *env)
    assert (done.stdout, done.stderr) == ("deployment.apps/web scaled\n", "")
    assert len(pykube("get", "pods", "-o", "name", *env).stdout.splitlines()) == 3
    pod = pykube("get", "pods", "-o", "name", *env).stdout.splitlines()[0]
    done = pykube("delete", pod, *env)
    assert done.stdout == f'pod "{pod.removeprefix("pod/")}" deleted\n'
    left = pykube("get", "pods", "-o", "name", *env).stdout.splitlines()
    assert (len(left), pod in left) == (3, False)
    pykube("delete", "deployment", "web", *env)
    done = pykube("get", "all", *env)
    assert (done.stdout, done.stderr) == ("", "No resources found in default namespace.\n")


def test_a_manifest_is_applied_from_standard_input(on):
    made = on("create deployment piped --image=nginx --dry-run=client -o yaml").stdout
    done = on("apply -n kube-public -f -", input=made)
    assert done.stdout == "deployment.apps/piped created\n"
    done = on("apply -n kube-public -f -", input=made)
    assert done.stdout == "deployment.apps/piped unchanged\n"
    assert cells(on("get deploy piped -n kube-public --no-headers").stdout)[0][1] == "1/1"
    on("delete deployment piped -n kube-public")


def test_the_timeline_tells_how_a_deployment_came_to_run(on):
    document = json.loads(on("timeline deployment/httpd --output json").stdout)
    told = [(e["verb"], e["object"].partition("/")[0]) for e in document["entries"]]
    assert told[0] == ("created", "deployment")
    assert told.index(("created", "replicaset")) < told.index(("created", "pod"))
    revisions = [entry["revision"] for entry in document["entries"]]
    assert revisions == sorted(revisions)
    assert len(document["pods"]) == 2
    for pod in document["pods"]:
        stages = [pod[stage] for stage in ("created", "scheduled", "pulled", "started", "ready")]
        assert stages == sorted(stages)
    lines = on("timeline deploy httpd").stdout.splitlines()
    assert lines[0].split() == ["TIME", "AFTER", "REVISION", "OBJECT", "WHAT"]
    assert any("Successfully assigned" in line for line in lines)


def test_a_pod_is_described_with_its_events(on):
    name = on("get pods -l app=httpd -o name").stdout.split()[0]
    text = on(f"describe {name}").stdout
    assert re.search(r"^Status: +Running$", text, re.MULTILINE)
    assert re.search(r"Normal +Scheduled .*default-scheduler", text)


def test_what_is_not_there_is_exit_code_1(on):
    done = on("get pod nope", code=1)
    assert (done.stdout, done.stderr) == (
        "",
        'Error from server (NotFound): pods "nope" not found\n',
    )
    done = on("get nopods", code=1)
    assert done.stderr == 'error: the server doesn\'t have a resource type "nopods"\n'
    done = on("timeline pod/nope", code=1)
    assert done.stderr == 'Error from server (NotFound): pods "nope" not found\n'


def test_run_points_to_deployments_for_replicas(on):
    done = on("run web --image=httpd --replicas=2", code=1)
    assert "pykube create deployment web --image=httpd --replicas=2" in done.stderr


def test_reading_where_no_cluster_is_says_how_to_make_one(pykube, tmp_path):
    done = pykube("get", "pods", "--data-dir", tmp_path / "none", code=2)
    assert "pykube init" in done.stderr
    assert not (tmp_path / "none").exists()


def test_init_leaves_a_directory_with_something_in_it_alone(on):
    assert "something here already" in on("init", code=2).stderr


def test_a_cluster_that_is_open_elsewhere_is_refused(on, cluster):
    with Store(cluster):
        for line in ("get pods", "scale deploy/httpd --replicas=1"):
            assert "another process has the cluster open" in on(line, code=2).stderr


def test_init_that_fails_leaves_nothing(pykube, tmp_path):
    path = tmp_path / "none"
    for names in (["Bad_"], ["a", "a"]):
        words = [word for name in names for word in ("--node", name)]
        done = pykube("init", *words, "--data-dir", path, code=1 if names == ["Bad_"] else 2)
        assert "nvalid" in done.stderr or "two machines" in done.stderr
        assert not path.exists()


def test_what_is_no_cluster_is_left_as_it_is(pykube, tmp_path):
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "notes.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    with Store(tmp_path / "store") as store:
        store.put(b"a", b"b")
    lines = {
        ("run web --image=httpd", "foreign"): "foreign: notes.txt: the directory holds something",
        ("get pods", "foreign"): "foreign: notes.txt: the directory holds something",
        ("run web --image=httpd", "file"): "the file system refused a call: Not a directory",
        ("run web --image=httpd", "store"): "store: a store without a cluster",
        ("get pods", "store"): "store: a store without a cluster",
        ("delete pod web", "none"): "none: no cluster here",
        ("scale deploy/web --replicas=1", "none"): "none: no cluster here",
    }
    for (line, name), why in lines.items():
        done = pykube(*line.split(), "--data-dir", tmp_path / name, code=2)
        assert why in done.stderr
        assert "a new cluster" not in done.stderr
    assert [path.name for path in (tmp_path / "foreign").iterdir()] == ["notes.txt"]
    assert not (tmp_path / "none").exists()
    with Store(tmp_path / "store", read_only=True) as store:
        assert store.status().key_count == 1


def test_an_empty_label_is_refused(on):
    done = on("run labelled --image=httpd --labels=a=b,,c=d", code=1)
    assert done.stderr == "error: unexpected label spec: \n"


def test_a_bad_word_makes_no_cluster(pykube, tmp_path):
    path = tmp_path / "none"
    for words in (["delete", "nopods", "a"], ["scale", "nopods/a", "--replicas=1"]):
        pykube(*words, "--data-dir", path, code=1)
    assert not path.exists()


def test_the_data_directory_may_stand_in_the_environment(pykube, cluster, monkeypatch):
    monkeypatch.setenv("PYKUBE_DATA_DIR", str(cluster))
    assert "httpd" in pykube("get", "deployments").stdout


def test_apply_goes_on_after_a_kind_that_is_not_served_and_says_what_it_is(on):
    text = "\n---\n".join(
        f"{{apiVersion: {version}, kind: {kind}, metadata: {{name: {name}}}}}"
        for version, kind, name in (
            ("v1", "ConfigMap", "before"),
            ("policy/v1beta1", "PodSecurityPolicy", "web"),
            ("bar/v1", "Foo", "x"),
            ("v1", "ConfigMap", "behind"),
        )
    )
    done = on("apply -f -", input=text, code=1)
    assert done.stdout == "configmap/before created\nconfigmap/behind created\n"
    assert done.stderr == (
        'resource mapping not found for name: "web" namespace: "" from "STDIN": no matches '
        'for kind "PodSecurityPolicy" in version "policy/v1beta1"\nensure CRDs are installed '
        "first\n"
        "pykube does not serve Kubernetes' PodSecurityPolicy, which its simulation does without\n"
        'resource mapping not found for name: "x" namespace: "" from "STDIN": no matches '
        'for kind "Foo" in version "bar/v1"\nensure CRDs are installed first\n'
    )
