"""Runs in other processes and on other machines: the same bytes, with policies of one's own."""

import re
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

import pykube_core as pk
from pykube_core.experiments.examples import EXAMPLE
from pykube_core.experiments.examples.gpus_last import score
from pykube_core.experiments.executors import check_executor

DOCS = (Path(__file__).parents[2] / "docs" / "comparing.md").read_text(encoding="utf-8")

SCRIPT = """
import multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor
import pykube_core as pk

@pk.policy(resources={"gpu": "nvidia.com/gpu"})
def mine(node, pod):
    return node.free_cpu

def plain(node, pod):
    return -node.free_cpu

wrapped = pk.policy(plain)

if __name__ == "__main__":
    work = pk.synthetic(nodes=20, pods=100)
    chosen = [mine, wrapped, "other.py:of_a_file"]
    here = pk.compare(work, chosen, seeds=2).to_json()
    with ProcessPoolExecutor(2, multiprocessing.get_context(sys.argv[1])) as pool:
        assert pk.compare(work, chosen, seeds=2, executor=pool).to_json() == here
"""


@pytest.fixture(scope="module")
def work():
    return pk.synthetic(nodes=20, pods=100)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_policies_of_a_script_and_of_a_file_run_in_a_process_pool(tmp_path, method):
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "other.py").write_text(
        "import pykube_core as pk\n\n@pk.policy\ndef of_a_file(node, pod):\n    return node.pods\n"
    )
    words = [sys.executable, "script.py", method]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_decorated_policy_of_a_module_runs_in_a_process_pool(work):
    here = pk.compare(work, [score, EXAMPLE], seeds=2)
    with ProcessPoolExecutor(2) as pool:
        assert pk.compare(work, [score, EXAMPLE], seeds=2, executor=pool).to_json() == (
            here.to_json()
        )


def test_a_policy_that_other_processes_cannot_find_is_one_line(work):
    @pk.policy
    def hidden(node, pod):
        return 1

    with (
        ProcessPoolExecutor(1) as pool,
        pytest.raises(pk.InputError, match=r"hidden.*top of a module") as caught,
    ):
        pk.compare(work, [hidden], executor=pool)
    assert "\n" not in str(caught.value)
    with ThreadPoolExecutor(1) as pool:
        assert pk.compare(work, [hidden], executor=pool).runs


class _Stranger:
    """Stands for a class of a library that is not installed."""


def stranger(module, name):
    return type(name, (_Stranger,), {"__module__": module})()


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        (4, r"number 4: pass concurrent\.futures\.ProcessPoolExecutor\(4\)"),
        (ThreadPoolExecutor, r"got its class: pass ThreadPoolExecutor\(\)"),
        (stranger("distributed.client", "Client"), r"pass client\.get_executor\(\)"),
        (stranger("joblib.parallel", "Parallel"), r"joblib.*loky\.get_reusable_executor\(\)"),
        (stranger("ray.util.multiprocessing.pool", "Pool"), r"RayExecutor of docs/comparing\.md"),
        (stranger("ray.util.actor_pool", "ActorPool"), r"RayExecutor of docs/comparing\.md"),
        (stranger("multiprocessing.pool", "Pool"), r"pass concurrent\.futures\.ProcessPoolEx"),
        ("threads", r"such as ThreadPoolExecutor\(\).*, got str"),
    ],
)
def test_what_is_no_executor_is_a_type_error_that_names_what_to_pass(given, hint):
    with pytest.raises(TypeError, match=hint):
        check_executor(given)


def test_compare_refuses_what_is_no_executor_before_any_work(work):
    with pytest.raises(TypeError, match="executor: expected"):
        pk.compare(work, ["default"], executor=object())


def ray_executor():
    (block,) = (b for b in re.findall(r"```python\n(.*?)```", DOCS, re.DOTALL) if "ray" in b)
    scope = {}
    exec(block, scope)
    return scope["RayExecutor"]()


def test_the_ray_executor_of_the_docs_gives_the_same_bytes(work):
    ray = pytest.importorskip("ray", reason="ray is not installed")
    ray.init(num_cpus=2, include_dashboard=False, configure_logging=False)
    try:
        found = pk.compare(work, [score, "default"], seeds=2, executor=ray_executor())
    finally:
        ray.shutdown()
    assert found.to_json() == pk.compare(work, [score, "default"], seeds=2).to_json()


def test_dasks_executor_gives_the_same_bytes_and_its_client_is_refused(work):
    distributed = pytest.importorskip("distributed", reason="distributed is not installed")
    with distributed.Client(n_workers=2, threads_per_worker=1, dashboard_address=None) as client:
        with pytest.raises(TypeError, match=r"client\.get_executor\(\)"):
            pk.compare(work, ["default"], executor=client)
        executor = client.get_executor()
        found = pk.compare(work, [score, "default"], seeds=2, executor=executor)
    assert found.to_json() == pk.compare(work, [score, "default"], seeds=2).to_json()


def test_joblibs_parallel_is_refused(work):
    joblib = pytest.importorskip("joblib", reason="joblib is not installed")
    with pytest.raises(TypeError, match="joblib"):
        pk.compare(work, ["default"], executor=joblib.Parallel(2))
