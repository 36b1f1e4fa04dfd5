import pytest

from pykube_core.cli import main
from pykube_core.cli.tabs import laid_out


@pytest.fixture
def run(tmp_path, capsys):
    """Run a command on a cluster of one node, and return its exit code and what it printed."""

    def run(*words):
        code = main([*words, "--data-dir", str(tmp_path / "data")])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    assert run("init", "--nodes", "1")[0] == 0
    return run


def test_what_a_busy_cluster_waits_for_is_said_and_the_change_stands(run):
    words = ("create", "deployment", "web", "--image=httpd", "--replicas=120", "--timeout=20s")
    code, out, err = run(*words)
    assert (code, out) == (0, "deployment.apps/web created\n")
    assert "still busy after 20 s of the cluster's time: deployment-controller" in err
    assert "10 of 120 pods are pending" in err
    assert "110/120" in run("get", "deployment", "web")[1]


def test_without_waiting_nothing_runs_until_a_command_waits(run):
    run("create", "deployment", "web", "--image=httpd", "--wait=false")
    assert run("get", "pods") == (0, "", "No resources found in default namespace.\n")
    run("create", "namespace", "shop")
    assert "1/1" in run("get", "deployment", "web")[1]


def test_ages_stand_still_between_commands(run):
    assert run("get", "nodes") == run("get", "nodes")


def test_columns_are_runs_of_lines_that_have_them():
    text = "a\tb\n\tlonger\tc\nno column\nx\ty"
    assert laid_out(text) == "a  b\n   longer  c\nno column\nx  y"
