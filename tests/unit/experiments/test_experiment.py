import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pykube_core.experiments.experiment import Experiment
from pykube_core.experiments.metrics import typical_classes
from pykube_core.experiments.simulate import Settings, simulate
from pykube_core.reports.comparison import compare
from pykube_core.scheduler.placer import compile as compiling
from pykube_core.scheduler.placer import node_table
from pykube_core.scheduler.placer import scheduler as scheduling
from pykube_core.scheduler.placer.scheduler import Scheduler
from pykube_core.scheduler.policies import policy
from pykube_core.workloads.synthetic import synthetic

POLICIES = ["default", "most-allocated", "best-fit", "first-fit", "random"]
CONFIGURATION = """
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- pluginConfig:
  - name: NodeResourcesFit
    args:
      ignoredResources: [nvidia.com/gpu]
      scoringStrategy: {type: MostAllocated, resources: [{name: nvidia.com/gpu, weight: 1}]}
"""


@pytest.fixture(scope="module")
def work():
    return synthetic(nodes=30, pods=300, seed=3, load=1.3)


@pytest.fixture
def compiled(monkeypatch):
    """How often nodes and pods were compiled."""
    callers = {"compile_node": node_table, "compile_pod": scheduling}
    counts = dict.fromkeys(callers, 0)

    def counting(name):
        plain = getattr(compiling, name)

        def count(*arguments, **options):
            counts[name] += 1
            return plain(*arguments, **options)

        return count

    for name, module in callers.items():
        monkeypatch.setattr(module, name, counting(name))
    return counts


PROFILES = """
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- schedulerName: batch
  pluginConfig:
  - name: NodeResourcesFit
    args: {scoringStrategy: {type: MostAllocated, resources: [{name: cpu, weight: 1}]}}
- schedulerName: default-scheduler
"""


@pytest.fixture
def configuration(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(CONFIGURATION)
    return str(path)


def test_nodes_and_pods_are_compiled_once_for_all_policies_and_seeds(work, compiled):
    compare(work, POLICIES, seeds=3)
    assert compiled == {"compile_node": 30, "compile_pod": len(work.pods.templates)}


def test_threads_share_what_is_compiled(work, compiled):
    with ThreadPoolExecutor(4) as threads:
        compare(work, POLICIES, seeds=3, executor=threads)
    assert compiled == {"compile_node": 30, "compile_pod": len(work.pods.templates)}


def test_a_policy_that_numbers_resources_first_has_nodes_and_pods_of_its_own(
    work, compiled, configuration
):
    compare(work, ["default", configuration], seeds=2)
    assert compiled == {"compile_node": 60, "compile_pod": 2 * len(work.pods.templates)}


@pytest.mark.parametrize("replay", [False, True])
def test_a_run_gives_the_same_whatever_was_run_before_it(work, configuration, replay):
    settings = Settings(replay=replay)
    policies = [*POLICIES, configuration]
    together = Experiment(work, [policy(name) for name in policies], settings)
    for index, name in reversed(list(enumerate(policies))):
        for seed in (1, 0):
            alone, after = (
                Experiment(work, (policy(name),), settings).run(0, seed),
                together.run(index, seed),
            )
            assert after.values == alone.values
            assert after.utilisation.tobytes() == alone.utilisation.tobytes()
            assert {k: v.tolist() for k, v in after.curves.items()} == {
                k: v.tolist() for k, v in alone.curves.items()
            }


def test_a_configuration_of_several_profiles_stands_beside_each_of_them(work, tmp_path):
    path = tmp_path / "profiles.yaml"
    path.write_text(PROFILES)
    names = [str(path), f"{path}:batch", "default", f"{path}:default-scheduler"]
    alone = {name: Experiment(work, (policy(name),), Settings()).run(0, 0).values for name in names}
    assert alone[f"{path}:default-scheduler"] == alone["default"] == alone[str(path)]
    assert alone[f"{path}:batch"] != alone["default"]
    for order in (names, names[::-1]):
        together = Experiment(work, [policy(name) for name in order], Settings())
        assert {n: together.run(i, 0).values for i, n in enumerate(order)} == alone


def test_a_process_unpickles_an_experiment_once(work):
    experiment = Experiment(work, [policy("default")], Settings())
    first, second = (pickle.loads(pickle.dumps(experiment)) for _ in range(2))
    assert first is second is not experiment
    assert first.run(0, 0).values == experiment.run(0, 0).values
    other = Experiment(work, [policy("random")], Settings())
    assert pickle.loads(pickle.dumps(other)) is not first


def test_the_file_of_a_users_function_is_run_once_for_all_seeds(work, tmp_path):
    path, log = tmp_path / "mine.py", tmp_path / "log"
    path.write_text(
        f"open({str(log)!r}, 'a').write('run ')\ndef score(node, pod):\n    return node.free_cpu\n"
    )
    compare(work, [f"{path}:score"], seeds=3)
    assert log.read_text() == "run "


def test_fragmentation_is_that_of_a_filter_of_every_typical_pod_on_every_node(work):
    seen = []

    def look(moment):
        scheduler = moment.scheduler
        typical, share = typical_classes(scheduler.compile(pods.templates)[pods.template])
        rows = [i for i, name in enumerate(scheduler.resource_names) if name in names]
        allocatable = scheduler.allocatable()[rows]
        free = np.maximum(allocatable - scheduler.requested()[rows], 0)
        usable = np.zeros(len(rows))
        for part, pod_class in zip(share, typical.tolist(), strict=True):
            fits = scheduler.evaluate(pod_class).code == 0
            wanted = scheduler.requests([pod_class])[0, rows] > 0
            usable += part * wanted * (free @ fits)
        unusable = np.maximum(free.sum(axis=1) - usable, 0)
        seen.append(np.round(unusable / allocatable.sum(axis=1), 9).tolist())

    pods = work.pods
    curves = (
        Experiment(work, (policy("default"),), Settings(tie_break="first", replay=True))
        .run(0, 0)
        .curves
    )
    names = [name.partition(".")[2] for name in curves if name.startswith("allocation.")]
    with Scheduler(work.nodes, policy("default"), tie_break="first") as scheduler:
        simulate(work, scheduler, settings=Settings(replay=True), observe=look)
    columns = [curves[f"fragmentation_share.{name}"].tolist() for name in names]
    assert [list(row) for row in zip(*columns, strict=True)] == seen
