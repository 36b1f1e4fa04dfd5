"""Finals, events and streams of a record against what a run left."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

from pykube_core.api.builtin import BUILTIN
from pykube_core.api.core import EVENTS
from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.experiments.records.comparing import Difference, difference
from pykube_core.experiments.records.history import Version, changes, writer
from pykube_core.experiments.records.record import Record
from pykube_core.experiments.records.stage import Stage

Add = Callable[[str, str, Difference | None], None]

_ABSENT: Final = "<absent>"
_UNTOLD: Final = frozenset(("Namespace/", "ServiceAccount/default", "ConfigMap/kube-root-ca.crt"))
_UNWATCHED: Final = ("coordination.k8s.io", "rbac.authorization.k8s.io")
_RANDOM: Final = re.compile(r"<r\d+>")


def compare_finals(record: Record, stage: Stage, add: Add) -> None:
    """Compare the objects of the end."""
    last = _last_states(record, stage)
    for at, expected in record.final.items():
        got = last.get(at, _ABSENT)
        add("finals", at, difference(expected, got, "" if isinstance(got, dict) else at))


def _last_states(record: Record, stage: Stage) -> dict[str, Json]:
    held: dict[str, KubeObject] = {}
    for version in stage.history.versions:
        if version.namespace in ("", record.namespace):
            at = f"{version.kind}/{stage.names.text(version.name)}"
            held[at] = version.object
            if version.type == "DELETED":
                del held[at]
    return {at: stage.names.value(obj) for at, obj in held.items()}


def compare_events(record: Record, stage: Stage, add: Add) -> None:
    """Compare Event objects as a multiset."""
    found = stage.cluster.server.list(EVENTS, record.namespace).items
    got = Counter(_event_key(stage.names.value(obj.decode())) for obj in found)
    for event in record.events:
        key = _event_key(event)
        if got[key]:
            got[key] -= 1
            add("events", event["reason"], None)
        else:
            add("events", event["reason"], Difference("", json.loads(key), _ABSENT))
    for text in got.elements():
        add("events", json.loads(text)[1], Difference("", _ABSENT, json.loads(text)))


def _event_key(event: KubeObject) -> str:
    about = event.get("involvedObject") or {}
    subject = [about.get("kind"), about.get("name"), about.get("fieldPath") or None]
    words = [event.get("type"), event.get("reason"), event.get("message")]
    reporter = event.get("reportingComponent") or (event.get("source") or {}).get("component")
    return json.dumps([*words, subject, reporter or "", event.get("action") or ""])


# -- streams -----------------------------------------------------------------------------------


def compare_streams(record: Record, stage: Stage, add: Add) -> None:
    """Compare each object's own sequence of changes with those recorded."""
    expected = _recorded(record)
    got = _played(record, stage, expected)
    if record.determinism.get("stream") == "multiset":
        expected, got = _twins(expected), _twins(got)
    dropped = set(record.determinism.get("stream_dropped") or ())
    for at in (*expected, *(at for at in got if at not in expected)):
        if at in record.variable_streams or at in dropped:
            continue
        add("streams", at, difference(expected.get(at, []), got.get(at, [])))
    for at, runs in record.variable_streams.items():
        sequence = [_short(entry) for entry in got.get(at, [])]
        found = [difference(run, sequence) for run in runs.values()]
        add("streams", at, None if None in found else found[0])


def _recorded(record: Record) -> dict[str, list[Json]]:
    sequences: dict[str, list[Json]] = {}
    for entry in record.stream:
        shown = {key: held for key, held in entry.items() if key not in ("step", "kind", "name")}
        sequences.setdefault(f"{entry['kind']}/{entry['name']}", []).append(shown)
    return sequences


def _played(record: Record, stage: Stage, expected: dict[str, list[Json]]) -> dict[str, list[Json]]:
    sequences: dict[str, list[Json]] = {}
    for version in stage.history.versions:
        at = f"{version.kind}/{stage.names.text(version.name)}"
        is_named = at in expected or at in record.variable_streams
        if not is_named and (not _is_told(version, at, record.namespace)):
            continue
        sequences.setdefault(at, []).append(_entry(version, stage))
    return sequences


def _is_told(version: Version, at: str, namespace: str) -> bool:
    """Say whether the recorder watched an object: built-in kinds, but for those of some groups."""
    if version.namespace != namespace or version.kind == EVENTS.kind or at in _UNTOLD:
        return False
    is_known = BUILTIN.of_kind(version.kind, version.group) is not None
    return is_known and version.group not in _UNWATCHED


def _entry(version: Version, stage: Stage) -> Json:
    names, before, after = stage.names, version.before, version.object
    entry: KubeObject = {"type": version.type}
    if version.type == "ADDED":
        bare = dict(after["metadata"])
        bare.pop("managedFields", None)
        entry["object"] = names.value(after | {"metadata": bare})
    else:
        entry["changed"] = changes(names.value(before), names.value(after))
    entry["writer"] = None if version.type == "DELETED" else writer(before, after)
    return entry


def _short(entry: Json) -> Json:
    """Return an entry as sequences that differed between runs have it."""
    return entry["changed"] if entry["type"] == "MODIFIED" else entry["type"]


def _twins(sequences: dict[str, list[Json]]) -> dict[str, list[Json]]:
    """Return sequences by what they say, where objects of one prefix may change places."""
    out: dict[str, list[Json]] = {}
    for at, entries in sequences.items():
        masked = json.loads(_RANDOM.sub("<r>", json.dumps(entries)))
        out.setdefault(_RANDOM.sub("<r>", at), []).append(masked)
    return {at: sorted(held, key=json.dumps) for at, held in out.items()}


# -- waiting -----------------------------------------------------------------------------------


def wanted_counts(record: Record, step: int) -> dict[str, int]:
    """Return how often each object had changed when a step of a record was over.

    Nothing, where the step itself brought no change.
    """
    if not any(entry["step"] == step for entry in record.stream):
        return {}
    return _counted(
        f"{entry['kind']}/{entry['name']}" for entry in record.stream if entry["step"] <= step
    )


def reached(stage: Stage, wanted: dict[str, int]) -> bool:
    """Say whether objects have changed so often."""
    if not wanted:
        return True
    got = _counted(
        f"{version.kind}/{stage.names.text(version.name)}" for version in stage.history.versions
    )
    return all(got.get(at, 0) >= count for at, count in wanted.items())


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(Counter(names))
