"""``pykube timeline``: how an object, and what it owns, came to be what it is."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from pykube_core.api.machinery.times import NANO
from pykube_core.cli.failures import CommandError
from pykube_core.cli.options import add_data_dir, add_namespace, add_words
from pykube_core.words import counted

if TYPE_CHECKING:
    from pykube_core.api.machinery.objects import Json, KubeObject
    from pykube_core.cluster.timeline import Entry, FieldChange, Timeline

DESCRIPTION = """\
Tell the whole life of an object from the store's log: every revision with what changed in it, its
events, and the same of all that it owns, such as a deployment's replica sets and their pods. For
pods, a second table shows how long each stage took.

Times are the cluster's own. The log keeps about the last ten minutes of them; the first line says
where it begins.
"""

EPILOG = """\
examples:
  pykube timeline deployment/httpd
  pykube timeline pod httpd-5c949b96f-9cd52
  pykube timeline deployment/httpd --output json | jq '.entries[] | select(.verb == "event")'

exit codes: 0 told, 1 there never was such an object, 2 bad usage or no cluster
"""

_SHOWN_LENGTH: Final = 60
# Fields that follow from others which are told.
_QUIET: Final = (
    "metadata.annotations.deployment.kubernetes.io/",
    "status.hostIP",
    "status.observedGeneration",
    "status.podIPs",
    "status.qosClass",
)
_STAGES: Final = ("scheduled", "pulled", "started", "ready", "deleted")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser], help: str) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("timeline", help=help, description=DESCRIPTION, epilog=EPILOG)
    add_words(parser, "KIND/NAME, or KIND NAME")
    add_namespace(parser)
    parser.add_argument(
        "-o", "--output", choices=("table", "json"), default="table", help="(default: table)"
    )
    add_data_dir(parser)
    parser.set_defaults(run=run, parser=parser)


def run(options: argparse.Namespace) -> int:
    """Print the timeline of the one object that the words name."""
    from pykube_core.api.builtin import BUILTIN
    from pykube_core.cli.data_dir import reading
    from pykube_core.cli.resource_arguments import parse_targets
    from pykube_core.cluster.timeline import read_timeline

    targets = parse_targets(BUILTIN, options.words)
    if len(targets) != 1 or len(targets[0].names) != 1:
        raise CommandError("exactly one object is required, such as deployment/httpd")
    resource, (name,) = targets[0]
    with reading(options) as cluster:
        registry = cluster.server.registry
        timeline = read_timeline(cluster.store, registry, resource, name, options.namespace)
    if options.output == "json":
        json.dump(_document(timeline), sys.stdout, indent=2, ensure_ascii=False)
        print()
    else:
        _print(timeline)
    return 0


def _print(timeline: Timeline) -> None:
    from pykube_core.cli.printing import aligned

    entries = timeline.entries
    start_ns = entries[0].time_ns
    if timeline.first_revision > 1:
        print(f"The log begins at revision {timeline.first_revision}; it forgot what was before.\n")
    rows = [["TIME", "AFTER", "REVISION", "OBJECT", "WHAT"]]
    for entry in entries:
        row = [_clock(entry.time_ns), _seconds(entry.time_ns - start_ns), str(entry.revision)]
        rows.append([*row, _object(entry), what(entry)])
    print("\n".join(aligned(rows)))
    stages = _stages(entries)
    if stages:
        print()
        rows = [["POD", "NODE", "CREATED", *(stage.upper() for stage in _STAGES)]]
        for name, pod in stages.items():
            after = [_after(pod, stage) for stage in _STAGES]
            rows.append([name, pod["node"] or "<none>", _clock(pod["created"]), *after])
        print("\n".join(aligned(rows)))


def _after(pod: dict[str, Json], stage: str) -> str:
    return "-" if pod[stage] is None else _seconds(pod[stage] - pod["created"])


def _clock(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // NANO, UTC).strftime("%H:%M:%S")


def _seconds(time_ns: int) -> str:
    return f"+{time_ns / NANO:.3f}".rstrip("0").rstrip(".") + "s"


def _object(entry: Entry) -> str:
    return f"{entry.resource.kind.lower()}/{entry.name}"


def what(entry: Entry) -> str:
    """Return what happened, in one line."""
    match entry.verb:
        case "event":
            event = entry.object
            source = event.get("source", {}).get("component") or event.get("reportingComponent")
            many = event.get("count") or event.get("series", {}).get("count") or 1
            times = f" (x{many})" if many > 1 else ""
            text = " ".join(event.get("message", "").split())
            return f"{event.get('reason', '')}{times}: {text} [{source}]"
        case "changed":
            return "; ".join(_told(entry) or map(_change, entry.changes)) or "nothing but times"
        case "deleted":
            return "deleted"
    note = " (was there before the log begins)" if entry.verb == "found" else ""
    return f"created{_summary(entry.object)}{note}"


def _summary(obj: KubeObject) -> str:
    spec = obj.get("spec") or {}
    template = spec.get("template", {}).get("spec") or spec
    images = ", ".join(container.get("image", "") for container in template.get("containers", ()))
    if "replicas" in spec:
        return f": {counted(spec['replicas'], 'replica')} of {images}"
    return f": {images}" if images else ""


def _told(entry: Entry) -> list[str]:
    """Return what a person wants to know of a change: a condition or a container is told once."""
    texts: dict[str, str] = {}
    for change in entry.changes:
        part, _, rest = change.path.partition("]")
        group, _, name = part.partition("[")
        if not group.startswith(_QUIET):
            match group.rpartition(".")[2]:
                case "conditions":
                    texts.setdefault(part, _condition(entry.object, name, change))
                case "containerStatuses" | "initContainerStatuses":
                    if not rest or rest.startswith((".state", ".restartCount")):
                        texts[part] = _container(entry.object, name)
                case _:
                    texts[change.path] = _change(change)
    return [text for text in texts.values() if text]


def _condition(obj: KubeObject, name: str, change: FieldChange) -> str:
    conditions = obj.get("status", {}).get("conditions", ())
    found = [c for c in conditions if c.get("type") == name]
    if not found:
        return f"{name} removed"
    reason = f" ({found[0]['reason']})" if found[0].get("reason") else ""
    moved = change.path.endswith("].status")
    before = f"{change.old} -> " if moved else ""
    return f"{name} {before}{found[0].get('status', '')}{reason}"


def _container(obj: KubeObject, name: str) -> str:
    """Return what state a container is in."""
    status = obj.get("status", {})
    for field in ("initContainerStatuses", "containerStatuses"):
        for container in status.get(field, ()):
            if container.get("name") != name:
                continue
            state = container.get("state", {})
            word = next(iter(state), "waiting")
            reason = (state.get(word) or {}).get("reason", "")
            count = container.get("restartCount", 0)
            restarts = f", {counted(count, 'restart')}" if count else ""
            return f"container {name} {word}{f' ({reason})' if reason else ''}{restarts}"
    return ""


def _change(change: FieldChange) -> str:
    if change.old is None:
        return f"{change.path} = {_shown(change.new)}"
    if change.new is None:
        return f"{change.path} removed"
    return f"{change.path} {_shown(change.old)} -> {_shown(change.new)}"


def _shown(value: Json) -> str:
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return text if len(text) <= _SHOWN_LENGTH else text[: _SHOWN_LENGTH - 3] + "..."


def _stages(entries: list[Entry]) -> dict[str, dict[str, Json]]:
    """Return, for each pod by name, its node and when each stage was first reached; None if not."""
    pods: dict[str, dict[str, Json]] = {}
    for entry in entries:
        if entry.resource.kind != "Pod":
            continue
        empty = {"node": "", "created": entry.time_ns} | dict.fromkeys(_STAGES)
        pod = pods.setdefault(entry.name, empty)
        if entry.verb == "event":
            reached = ["pulled"] if entry.object.get("reason") == "Pulled" else []
        else:
            pod["node"] = entry.object.get("spec", {}).get("nodeName", "")
            reached = _reached(entry)
        for stage in reached:
            if pod[stage] is None:
                pod[stage] = entry.time_ns
    return pods


def _reached(entry: Entry) -> list[str]:
    status = entry.object.get("status", {})
    ready = [c for c in status.get("conditions", ()) if c.get("type") == "Ready"]
    states = [c.get("state", {}) for c in status.get("containerStatuses", ())]
    holds = {
        "scheduled": bool(entry.object.get("spec", {}).get("nodeName")),
        "started": any("running" in state or "terminated" in state for state in states),
        "ready": any(condition.get("status") == "True" for condition in ready),
        "deleted": entry.verb == "deleted",
    }
    return [stage for stage, reached in holds.items() if reached]


def _document(timeline: Timeline) -> dict[str, Json]:
    return {
        "first_revision": timeline.first_revision,
        "entries": [_entry(entry) for entry in timeline.entries],
        "pods": [
            {"name": name, "node": pod["node"]}
            | {
                stage: None if pod[stage] is None else pod[stage] / NANO
                for stage in ("created", *_STAGES)
            }
            for name, pod in _stages(timeline.entries).items()
        ],
    }


def _entry(entry: Entry) -> dict[str, Json]:
    out: dict[str, Json] = {
        "revision": entry.revision,
        "time": datetime.fromtimestamp(entry.time_ns / NANO, UTC).isoformat(),
        "verb": entry.verb,
        "object": _object(entry),
        "namespace": entry.namespace,
        "uid": entry.uid,
        "what": what(entry),
    }
    if entry.verb == "changed":
        out["changes"] = [change._asdict() for change in entry.changes]
    elif entry.verb != "deleted":
        out["state"] = entry.object
    return out
