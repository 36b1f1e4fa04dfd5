import json
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import nanoarrow as na
import pytest

from pykube_core.api.machinery.errors import InputError
from pykube_core.experiments.examples import EXAMPLE
from pykube_core.reports.comparison import compare
from pykube_core.scheduler.policies.user_policy import policy
from pykube_core.workloads.synthetic import synthetic
from tests.unit.experiments.cluster import node, template, workload

POLICIES = ["default", "most-allocated", "random"]


@pytest.fixture(scope="module")
def work():
    return synthetic(nodes=30, pods=300, seed=3, load=1.3)


@pytest.fixture(scope="module")
def result(work):
    return compare(work, POLICIES, seeds=2)


def test_one_row_per_policy_and_seed(result):
    rows = result.rows()
    assert [(row["policy"], row["seed"]) for row in rows] == [
        (policy, seed) for policy in POLICIES for seed in (0, 1)
    ]
    assert all(row["placed"] + row["unplaced"] == 300 for row in rows)


def test_summary_holds_mean_and_sample_deviation(result):
    first, second = (row["placed"] for row in result.rows()[-2:])
    summary = result.summary()[-1]
    assert summary["policy"] == "random"
    assert summary["placed"] == (first + second) / 2
    assert summary["placed_std"] == pytest.approx(abs(first - second) / 2**0.5, abs=1e-6)


@pytest.mark.parametrize("replay", [False, True])
def test_same_seed_same_bytes(work, replay):
    first, second = (compare(work, POLICIES, seeds=[1, 2], replay=replay) for _ in range(2))
    assert first.to_json() == second.to_json()
    assert first.to_csv() == second.to_csv()
    assert str(first) == str(second)


def test_seeds_differ(work):
    first, second = (compare(work, ["random"], seeds=[seed]) for seed in (1, 2))
    assert (
        first.curves("random")["nodes_used"].tolist()
        != second.curves("random")["nodes_used"].tolist()
    )


def test_any_executor_gives_the_same_result(work, result):
    with ThreadPoolExecutor(2) as threads:
        assert compare(work, POLICIES, seeds=2, executor=threads).to_json() == result.to_json()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        assert compare(work, POLICIES, seeds=2, executor=processes).to_json() == result.to_json()


def test_results_pickle(result):
    assert pickle.loads(pickle.dumps(result)).to_json() == result.to_json()


def test_progress_ends_at_the_total(work):
    seen = []
    compare(work, ["default"], seeds=2, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (600, 600)
    assert seen == sorted(seen)


def test_it_is_a_data_frame(result):
    assert na.ArrayStream(result).read_all().to_pylist() == result.rows()


def test_json_holds_metrics_runs_and_curves(result):
    document = json.loads(result.to_json())
    assert document["seeds"] == [0, 1]
    assert [policy["policy"] for policy in document["policies"]] == POLICIES
    first = document["policies"][0]
    assert first["metrics"]["placed"] == result.summary()[0]["placed"]
    assert [run["seed"] for run in first["runs"]] == [0, 1]
    assert len(first["curves"]["position"]) == len(first["curves"]["allocation.cpu"])


def test_real_time_shows_only_when_asked_for(work, result):
    assert "pods_per_s" not in result.to_json()
    timed = compare(work, ["default"], timing=True)
    assert timed.rows()[0]["pods_per_s"] > 0
    assert "pods/s" in str(timed)


def test_table_marks_the_best_and_has_a_line_per_policy(result):
    lines = str(result).splitlines()
    assert [line.split()[0] for line in lines[4:7]] == POLICIES
    assert "*" in str(result)
    assert "mean ± standard deviation over 2 seeds" in str(result)


def test_a_table_without_stars_does_not_explain_them(work, result):
    assert "* best of its column" in str(result)
    alone = str(compare(work, ["default"]))
    assert "*" not in alone
    assert alone.splitlines()[-1].startswith("alloc: ")


def test_notebooks_get_a_table(result):
    html = result._repr_html_()
    assert html.count("<tr>") == 1 + len(POLICIES)
    assert "<strong>" in html


def test_names_of_nodes_and_policies_are_escaped(tmp_path):
    own = tmp_path / "a<b.yaml"
    own.write_text("apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n")
    work = workload([node("a")], [template("1")], [(0, 0, None)])
    html = compare(work, [str(own)])._repr_html_()
    assert "a&lt;b.yaml" in html
    assert "a<b.yaml" not in html


def test_first_fit_is_first_fit_whatever_the_tie_break():
    nodes = [node(name) for name in "abcdefgh"]
    work = workload(nodes, [template("1")], [(0, 0, None)] * 4)
    result = compare(work, ["first-fit"], tie_break="random", seeds=3)
    assert [row["nodes_used"] for row in result.rows()] == [1, 1, 1]


def test_unknown_policies_are_named():
    work = workload([node("a")], [template("1")], [(0, 0, None)])
    with pytest.raises(InputError, match="bestfit"):
        compare(work, ["bestfit"])


def test_a_policy_given_twice_is_refused(work):
    with pytest.raises(InputError, match="twice"):
        compare(work, ["default", "default"])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return node.free_gpus", "line 2: cannot be compiled: Unknown attribute 'free_gpus'"),
        ("return open('x')", "line 2: cannot be compiled: Untyped global name 'open'"),
        ("return node.pods / (pod.cpu - pod.cpu)", "not a finite number"),
    ],
)
def test_faults_of_a_function_of_ones_own_are_one_line(work, tmp_path, body, expected):
    own = tmp_path / "own.py"
    own.write_text(f"def score(node, pod):\n    {body}\n")
    with pytest.raises(InputError) as caught:
        compare(work, [f"{own}:score"])
    assert str(caught.value).startswith(f"{own}:score: ")
    assert expected in str(caught.value)


@pytest.mark.parametrize(("policies", "seeds"), [([], 1), (["default"], 0)])
def test_nothing_to_compare_is_refused(policies, seeds):
    work = workload([node("a")], [template("1")], [(0, 0, None)])
    with pytest.raises(ValueError, match="polic"):
        compare(work, policies, seeds=seeds)


def test_unknown_tie_break_is_refused(work):
    with pytest.raises(ValueError, match="tie_break"):
        compare(work, ["default"], tie_break="last")


def test_functions_of_ones_own_and_files_are_policies(work):
    @policy
    def tightest(node, pod):
        return pod.cpu - node.free_cpu

    result = compare(work, [tightest, EXAMPLE])
    assert list(result.policies) == ["tightest", "gpus_last.py:score"]


def test_unknown_curves_are_a_key_error(result):
    with pytest.raises(KeyError):
        result.curves("best-fit")
    with pytest.raises(KeyError):
        result.utilisation("best-fit")


@pytest.mark.parametrize(
    ("policies", "told"),
    [
        ("default", r"policies: expected a list, such as \['default'\]"),
        ([3], "policies: 3 is neither a name nor a function under @pk.policy"),
        ([len], "policies: <built-in function len> is neither a name nor"),
    ],
)
def test_what_is_no_list_of_policies_is_refused_by_name(policies, told):
    with pytest.raises(TypeError, match=told):
        compare(synthetic(nodes=2, pods=2), policies)
