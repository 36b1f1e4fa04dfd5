"""A whole comparison: runs over nodes and pods compiled once, beside runs that compile their own.

The engine's own time is a part of both, so that the line says what everything around it costs.
"""

from measure import best_times, machine

from pykube_core.experiments.compare import DEFAULT_POLICIES
from pykube_core.experiments.experiment import Experiment
from pykube_core.experiments.simulate import Settings
from pykube_core.reports.comparison import compare
from pykube_core.scheduler.policies import policy
from pykube_core.workloads.synthetic import synthetic

NODE_COUNTS = [30, 1200]
PODS_PER_NODE = 7
SEEDS = (0, 1, 2)


def bench_compare_policies(benchmark, report, node_count):
    """Six policies with three seeds: each run of the comparison is what the run alone gives."""
    work = synthetic(nodes=node_count, pods=PODS_PER_NODE * node_count, seed=1)
    runs = [(name, seed) for name in DEFAULT_POLICIES for seed in SEEDS]

    def together():
        return compare(work, DEFAULT_POLICIES, seeds=SEEDS)

    def each():
        own = ((Experiment(work, [policy(name)], Settings()), seed) for name, seed in runs)
        return [experiment.run(0, seed) for experiment, seed in own]

    result, alone = benchmark.pedantic(together, rounds=1, iterations=1), each()
    assert [run.measured.values for run in result.runs] == [one.values for one in alone]
    if not benchmark.enabled:
        return
    best = best_times({"once": together, "each": each}, seconds=20.0)
    engine = sum(run.measured.engine_seconds for run in result.runs)
    report(
        f"{len(runs)} runs, {len(work.pods):,} pods on {node_count:,} nodes: {best['once']:.2f} s, "
        f"{best['once'] / engine:.1f} times the engine's own {engine:.2f} s, "
        f"1/{best['each'] / best['once']:.1f} of runs that compile their own",
        machine=machine(),
        compiled_once_s=best["once"],
        compiled_each_s=best["each"],
        engine_s=engine,
    )
