import pytest

from pykube_core.scheduler.cycle.cycle import SchedulingCycle
from pykube_core.scheduler.cycle.explain import explain
from pykube_core.scheduler.cycle.explain_text import explanation_text
from pykube_core.scheduler.cycle.remedies import amount_text
from pykube_core.scheduler.placer.scheduler import Scheduler
from pykube_core.scheduler.policies import policy


def node(name, cpu):
    return {
        "metadata": {"name": name},
        "spec": {},
        "status": {"allocatable": {"cpu": cpu, "memory": "8Gi", "pods": "9"}},
    }


def explained(nodes, cpu):
    container = {"name": "c", "resources": {"requests": {"cpu": cpu, "memory": "1"}}}
    pod = {"metadata": {"name": "p", "namespace": "default"}, "spec": {"containers": [container]}}
    with Scheduler(nodes, policy("default")) as scheduler:
        return explain(SchedulingCycle(scheduler), pod)


NODES = [node(f"n{i}", "2") for i in range(12)] + [node("m", "3")]


def test_nodes_that_refuse_alike_share_a_line_and_json_keeps_all():
    found = explained(NODES, "3500m")
    text = explanation_text(found)
    assert "nodes that refuse (13 of 13, nearest first):" in text
    assert "  12 nodes like n0  NodeResourcesFit  1.5 more cpu (asks for 3.5, the whole" in text
    assert "  m                 NodeResourcesFit  500m more cpu (asks for 3.5, the whole" in text
    assert len(found.to_dict()["nodes"]) == 13


def test_nodes_that_fit_alike_share_a_line():
    lines = explanation_text(explained(NODES, "1")).splitlines()
    assert "nodes that fit (13 of 13):" in lines
    assert sum("12 nodes like n0" in line for line in lines) == 1


def test_what_is_shown_is_counted_in_nodes():
    assert "nodes that refuse (1 of 13, nearest first):" in explanation_text(
        explained(NODES, "3500m"), show=1
    )


def test_the_line_of_kube_scheduler_stands_as_it_is():
    found = explained(NODES, "3500m")
    assert found.decision.message in explanation_text(found)


@pytest.mark.parametrize(
    ("resource", "amount", "text"),
    [
        ("cpu", 1500, "1.5"),
        ("cpu", 64000, "64"),
        ("cpu", 1234, "1.234"),
        ("cpu", 250, "250m"),
        ("memory", 3435973837, "3.3Gi"),
        ("memory", 3221225472, "3Gi"),
        ("memory", 1, "1"),
        ("memory", 1536, "1.5Ki"),
        ("ephemeral-storage", 10 << 40, "10Ti"),
        ("hugepages-2Mi", 4 << 20, "4Mi"),
        ("nvidia.com/gpu", 2, "2"),
        ("memory", 0, "0"),
    ],
)
def test_amounts_are_easy_to_read_and_never_too_small(resource, amount, text):
    assert amount_text(resource, amount) == text
