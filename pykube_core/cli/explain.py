"""``pykube explain``: why a pod goes where it goes, or what keeps it off every node."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from pykube_core.cli.options import add_strict
from pykube_core.workloads.contents import KUBECTL_COMMAND

if TYPE_CHECKING:
    from pykube_core.scheduler.cycle.explain import Explanation
    from pykube_core.scheduler.policies import Policy
    from pykube_core.workloads.model import Workload
    from pykube_core.workloads.pod_sources import PodSource

DESCRIPTION = """\
Show what kube-scheduler thinks of one pod on every node of a snapshot: the first plugin that
refuses it and why, or the score of every plugin; the line that kube-scheduler writes in its event;
and the smallest change that would make the pod fit, nearest nodes first.

A pod that is on a node is looked at as if it were taken off it. Nothing is changed anywhere.
Nodes that are alike share a line.
Pods on nodes that the snapshot lacks are left out; one of them can be explained all the same.
"""

EPILOG = f"""\
examples:
  {KUBECTL_COMMAND}
  pykube explain web-7d4b9 --snapshot cluster.json
  pykube explain shop/web-7d4b9 --snapshot cluster.json --policy config.yaml
  pykube explain -f deployment.yaml --snapshot cluster.json
  pykube explain web-7d4b9 --snapshot cluster.json --output json | jq .nodes[0]

how to read it:
  refused by    the first plugin that refuses, in the order of the profile; the rest are not asked
  to fit        all that would have to change on that node, also for plugins that were not asked
  scores        raw > normalised to 0..100 x weight; the total decides, ties are broken by chance
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser], help: str) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("explain", help=help, description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument(
        "pod", metavar="POD", nargs="?", help="its name, or namespace/name"
    ).completion = "pods"  # type: ignore[attr-defined]
    parser.add_argument(
        "-f",
        "--file",
        metavar="FILE",
        help="explain the pods in this file, and the next pod of every workload (Deployment, Job, "
        "...) in it; POD names one of them",
    )
    parser.add_argument(
        "--snapshot",
        metavar="FILE",
        required=True,
        action="append",
        help="a file or folder with nodes, pods and the rest; may be repeated",
    )
    add_strict(parser)
    parser.add_argument(
        "--policy",
        metavar="NAME",
        default="default",
        help="a name or a KubeSchedulerConfiguration file (default: default)",
    )
    parser.add_argument(
        "--show", metavar="N", type=int, default=10, help="lines per table (default: 10)"
    )
    parser.add_argument(
        "--output",
        choices=("table", "json"),
        default="table",
        help="table, or json with every node and a line per pod (default: table)",
    )
    parser.set_defaults(run=run, parser=parser)


def run(options: argparse.Namespace) -> int:
    """Read, explain, print; 1 if a pod fits nowhere."""
    if not options.pod and not options.file:
        options.parser.error("name a POD of the snapshot, or give -f FILE")
    if options.show < 0:
        options.parser.error("argument --show: must not be negative")
    from pykube_core.experiments.explain import explain
    from pykube_core.scheduler.cycle.explain_text import explanation_text
    from pykube_core.scheduler.policies import policy
    from pykube_core.workloads.read import read_workload

    workload = read_workload(*options.snapshot, strict=options.strict).with_left_out()
    chosen = policy(options.policy).with_filters(workload.filters)
    fits, told = True, set[str]()
    for number, pod in enumerate(_pods(options, workload)):
        explanation = explain(workload, pod, chosen)
        node = _node_of(workload, explanation.decision.pod)
        warnings = _warnings(workload, pod, chosen, explanation)
        for warning in warnings:
            if warning not in told:
                print(f"pykube: warning: {warning}", file=sys.stderr)
        told.update(warnings)
        if options.output == "json":
            document = explanation.to_dict() | {"node": node, "warnings": warnings}
            print(json.dumps(document, ensure_ascii=False))
        else:
            print("\n" if number else "", end="")
            print(explanation_text(explanation, node, options.show))
        fits = fits and bool(explanation.decision.candidates)
    return 0 if fits else 1


def _warnings(
    workload: Workload, pod: PodSource, chosen: Policy, explanation: Explanation
) -> list[str]:
    """Return what the snapshot lacks, and what is not simulated of the pod."""
    from pykube_core.experiments.notes import being_deleted, pod_warnings

    alone = workload.with_pods(pod.alone)
    warnings = [*workload.warnings, *chosen.warnings, *pod.warnings]
    warnings += [*pod_warnings(alone, chosen), *being_deleted(alone)]
    if explanation.decision.preemption is not None and not workload.objects.get(
        "podDisruptionBudgets"
    ):
        warnings.append("no PodDisruptionBudgets: preemption does not know which pods they protect")
    return warnings


def _pods(options: argparse.Namespace, workload: Workload) -> list[PodSource]:
    """Return the pods that are asked for: one of the snapshot, or those of a file."""
    from pykube_core.api.machinery.errors import InputError
    from pykube_core.api.machinery.objects import full_name
    from pykube_core.experiments.explain import find_pod, of_workload
    from pykube_core.workloads.pod_sources import read_pods

    if not options.file:
        return [of_workload(workload, find_pod(workload, options.pod))]
    pods = read_pods(options.file, workload)
    if not options.pod:
        return pods
    names = [(full_name(pod.pod), pod.origin.rpartition(" ")[2]) for pod in pods]
    wanted = options.pod if "/" in options.pod else f"/{options.pod}"
    found = [
        pod
        for pod, known in zip(pods, names, strict=True)
        if any(name == options.pod or name.endswith(wanted) for name in known)
    ]
    if not found:
        held = ", ".join(origin or name for name, origin in names)
        raise InputError(
            f"no such pod; it has {held}", source=options.file, object=f"Pod {options.pod}"
        )
    return found


def _node_of(workload: Workload, name: str) -> str | None:
    """Return the node that a pod of the snapshot is on, None for none."""
    from pykube_core.api.machinery.objects import name_of

    names = list(workload.pods.names)
    row = int(workload.pods.node[names.index(name)]) if name in names else -1
    return name_of(workload.nodes[row]) if row >= 0 else None
