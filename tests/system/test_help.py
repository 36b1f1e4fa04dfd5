"""The examples of every `--help`, typed as they stand."""

import argparse
import json
import re
import shlex

import pytest
from console import DOCS, SNAPSHOT, Reader

from pykube_core.cli import COMMANDS, _parsed, build_parser, main

NODES = "sn,cpu_milli,memory_mib,gpu,model\nn0,64000,262144,2,P100\n"
PODS = (
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,"
    "deletion_time,scheduled_time\n"
    "p0,12000,16384,1,460,,LS,Running,5,12,6\n"
)
CONFIG = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"
DEPLOYMENT = """\
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {
  selector: {matchLabels: {app: web}}, template: {
    metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: httpd}]}}}}
"""
FILES = {
    "nodes.csv": NODES,
    "pods.csv": PODS,
    "config.yaml": CONFIG,
    "mine.py": "def score(node, pod):\n    return node.free_cpu\n",
    "deployment.yaml": DEPLOYMENT,
}
# In one cluster, one behind the other; what they name is what those before them made.
ON_A_CLUSTER = ("create", "get", "describe", "apply", "run", "scale", "timeline", "delete")
# kube-scheduler's, kubectl's, pytest's and that of a script in tests/.
OF_OTHERS = {"--config", "--output-directory", "--benchmark-enable", "--benchmark-only", "--count"}
# Names with a random part, files that somebody else has, and sizes for a demonstration.
PASSED_OVER = re.compile(
    r"httpd-5c949b96f|create -f pod.yaml|--current-replicas=2|generate cluster.json|--nodes 5000"
)


def parsers(parser, name="pykube"):
    yield name, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, found in action.choices.items():
                yield from parsers(found, f"{name} {word}")


def examples():
    """Yield what is shown in a help text: the words of its command, and the example."""
    for name, parser in parsers(build_parser()):
        for line in (parser.epilog or "").splitlines():
            if line.startswith("  pykube "):
                # Behind two blanks is what it is for; jq may not be there.
                yield name.split()[1:], re.split(r" {2,}| \| jq", line.strip())[0]


def options():
    found = (parser._option_string_actions for _, parser in parsers(build_parser()))
    return set().union(*found)


def runnable(*words):
    """Return the examples of some commands in their order, each once."""
    found = [text for shown, text in examples() if shown[:1] and shown[0] in words]
    return [text for text in dict.fromkeys(found) if not PASSED_OVER.search(text)]


@pytest.fixture
def reader(tmp_path, monkeypatch):
    monkeypatch.setenv("PYKUBE_DATA_DIR", str(tmp_path / "kept"))
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    cluster = json.loads(SNAPSHOT.read_text())
    other = next(item for item in cluster["items"] if item["kind"] == "Pod")
    for number, namespace in enumerate(("default", "shop")):
        metadata = {"name": "web-7d4b9", "namespace": namespace, "uid": f"w{number}"}
        cluster["items"].append(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": metadata,
                "spec": {"containers": other["spec"]["containers"]},
            }
        )
    (tmp_path / "cluster.json").write_text(json.dumps(cluster))
    return Reader(tmp_path, SNAPSHOT)


def succeeds(reader, command):
    if re.search("[|>]", command):
        *output, code = reader.run(f"{command}\necho $?").splitlines()
        assert code == "0", (command, output)
    else:  # A process for each of them would take most of the time.
        assert main(shlex.split(command)[1:]) == 0, command


def test_every_command_shows_an_example():
    silent = {command.name for command in COMMANDS} - {words[0] for words, _ in examples() if words}
    assert silent == set()


@pytest.mark.parametrize("command", sorted({text for _, text in examples()}))
def test_examples_are_usage(command):
    words = shlex.split(re.sub(r" [|&>].*", "", command))[1:]
    _parsed(build_parser(words[:1]), words)


def test_options_in_documents_are_options():
    for path in (DOCS.parent / "README.md", *DOCS.glob("*.md")):
        named = re.findall(r"(?<![\w-])--[a-z][\w-]*\w(?![\w-])", path.read_text())
        assert set(named) - OF_OTHERS <= options(), path


@pytest.mark.parametrize("command", runnable("compare", "explain", "generate", "init"))
def test_examples_on_files_run(reader, command):
    succeeds(reader, command)


def test_examples_on_a_cluster_run_in_their_order(reader):
    succeeds(reader, "pykube init --nodes 3")
    (reader.folder / "manifests").mkdir()
    (reader.folder / "manifests" / "web.yaml").write_text(DEPLOYMENT)
    for word in ON_A_CLUSTER:
        for command in runnable(word):
            if word == "delete":  # What the one before it took is there again.
                main(["apply", "-f", "httpd.yaml"])
                main(["run", "web", "--image=nginx"])
            succeeds(reader, command)
