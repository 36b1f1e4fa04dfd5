"""``pykube explain``: why a pod goes where it goes, or what keeps it off every node."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pykube_core.api.objects import KubeObject
    from pykube_core.lab.workload import Workload
    from pykube_core.scheduler.explain import Explanation, NodeView

DESCRIPTION = """\
Show what kube-scheduler thinks of one pod on every node of a snapshot: the first plugin that
refuses it and why, or the score of every plugin; the line that kube-scheduler writes in its event;
and the smallest change that would make the pod fit, nearest nodes first.

A pod that is on a node is looked at as if it were taken off it. Nothing is changed anywhere.
"""

EPILOG = """\
examples:
  kubectl get nodes,pods,services,pv,pvc,sc -A -o json > cluster.json
  pykube explain web-7d4b9 --snapshot cluster.json
  pykube explain shop/web-7d4b9 --snapshot cluster.json --policy config.yaml
  pykube explain -f pod.yaml --snapshot cluster.json
  pykube explain web-7d4b9 --snapshot cluster.json --output json | jq .nodes[0]

how to read it:
  refused by    the first plugin that refuses, in the order of the profile; the rest are not asked
  to fit        all that would have to change on that node, also for plugins that were not asked
  scores        raw > normalised to 0..100 x weight; the total decides, ties are broken by chance
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser], help: str) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("explain", help=help, description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument("pod", metavar="POD", nargs="?", help="its name, or namespace/name")
    parser.add_argument(
        "-f", "--file", metavar="FILE", help="explain the pod in this file (the last one in it)"
    )
    parser.add_argument(
        "--snapshot",
        metavar="FILE",
        required=True,
        action="append",
        help="a file or folder with nodes, pods and the rest; may be repeated",
    )
    parser.add_argument(
        "--policy",
        metavar="NAME",
        default="default",
        help="a name or a KubeSchedulerConfiguration file (default: default)",
    )
    parser.add_argument(
        "--show", metavar="N", type=int, default=10, help="nodes per table (default: 10)"
    )
    parser.add_argument(
        "--output",
        choices=("table", "json"),
        default="table",
        help="table, or json with every node (default: table)",
    )
    parser.set_defaults(run=run, parser=parser)


def run(options: argparse.Namespace) -> int:
    """Read, explain, print; 1 if the pod fits nowhere."""
    if not options.pod and not options.file:
        options.parser.error("name a POD of the snapshot, or give -f FILE")
    if options.show < 0:
        options.parser.error("argument --show: must not be negative")
    from pykube_core.lab.read import read_workload
    from pykube_core.scheduler.policies import policy

    workload = read_workload(*options.snapshot, *([options.file] if options.file else []))
    row = _row(options, workload)
    chosen = policy(options.policy)
    for warning in chosen.warnings:
        print(f"pykube: warning: {warning}", file=sys.stderr)
    pod = workload.pod(row)
    node = pod["spec"].pop("nodeName", None)

    from pykube_core.scheduler.cycle import SchedulingCycle
    from pykube_core.scheduler.explain import explain
    from pykube_core.scheduler.scheduler import Scheduler

    with Scheduler(workload.nodes, chosen, objects=workload.objects) as scheduler:
        cycle = SchedulingCycle(scheduler)
        cycle.add_bound(_others(workload, row))
        explanation = explain(cycle, pod)
    if options.output == "json":
        print(json.dumps(explanation.to_dict() | {"node": node}, ensure_ascii=False))
    else:
        _print(explanation, node, options.show)
    return 0 if explanation.decision.candidates else 1


def _row(options: argparse.Namespace, workload: Workload) -> int:
    from pykube_core.api.errors import InputError

    names = list(workload.pods.names)
    if not options.pod:
        if not names:
            raise InputError("no Pod objects", source=options.file)
        return len(names) - 1
    wanted = options.pod if "/" in options.pod else f"default/{options.pod}"
    if wanted in names:
        return names.index(wanted)
    same = [name for name in names if name.rpartition("/")[2] == options.pod]
    if len(same) == 1:
        return names.index(same[0])
    reason = f"is in several namespaces: {', '.join(same)}" if same else "no such pod"
    raise InputError(reason, source=" + ".join(options.snapshot), object=f"Pod {options.pod}")


def _others(workload: Workload, row: int) -> list[KubeObject]:
    """Return the pods that are on nodes, but for one; they start when they were created."""
    from datetime import UTC, datetime, timedelta

    pods = []
    for other, node in enumerate(workload.pods.node.tolist()):
        if node >= 0 and other != row:
            pod = workload.pod(other)
            created = int(workload.pods.created_ns[other]) // 10**9
            start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=created)
            pod["status"] = {"startTime": start.isoformat(), **(pod.get("status") or {})}
            pods.append(pod)
    return pods


def _print(explanation: Explanation, node: str | None, show: int) -> None:
    decision = explanation.decision
    print(f"pod {decision.pod}{f' (now on {node})' if node else ''}\n{explanation.summary}")
    if decision.preemption is not None:
        victims = ", ".join(decision.preemption.victims)
        print(f"preemption on {decision.preemption.nominated_node} would delete {victims}")
    fitting = [view for view in explanation.nodes if view.fits]
    fitting.sort(key=lambda view: -(view.total or 0))
    if fitting:
        print(f"\nnodes that fit ({min(show, len(fitting))} of {len(fitting)}):")
        _table(_scores(fitting[:show]))
    refused = [view for view in explanation.nodes if view.rejection is not None]
    unseen = [view for view in explanation.nearest if view.rejection is None]
    nearest = [view for view in explanation.nearest if view.rejection is not None]
    if refused:
        print(f"\nnodes that refuse ({min(show, len(nearest))} of {len(refused)}, nearest first):")
        _table(_refusals(nearest[:show]))
    if unseen and not fitting:
        print("\nnodes, nearest first:")
        _table(_refusals(unseen[:show]))


def _scores(views: list[NodeView]) -> list[tuple[str, ...]]:
    plugins = list(views[0].scores)
    if not plugins:
        return [("node",), *((view.name,) for view in views)]
    rows = [("node", "total", *plugins)]
    for view in views:
        cells = (f"{s.raw} > {s.normalized} x{s.weight}" for s in view.scores.values())
        rows.append((view.name, f"{view.total}", *cells))
    return rows


def _refusals(views: list[NodeView]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("node", "refused by", "to fit")]
    for view in views:
        by = view.rejection.plugin if view.rejection is not None else ""
        by = by or ("PreFilter" if view.rejection is not None else "")
        for i, change in enumerate(view.changes):
            rows.append((view.name if i == 0 else "", by if i == 0 else "", change.text))
    return rows


def _table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
        print(f"  {'  '.join(cells)}".rstrip())
