"""Plays a record: each of its steps in order, and compares what comes of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.apiserver.endpoints import Response
from pykube_core.apiserver.endpoints.negotiation import PROTOBUF
from pykube_core.experiments.records.command import Ran, compare_command
from pykube_core.experiments.records.comparing import Difference, difference
from pykube_core.experiments.records.outcomes import (
    compare_events,
    compare_finals,
    compare_streams,
    reached,
    wanted_counts,
)
from pykube_core.experiments.records.record import Record
from pykube_core.experiments.records.stage import ADMIN_TOKEN, VIEWER_TOKEN, Stage, escaped

KINDS: Final = ("requests", "kubectl", "finals", "events", "streams")
_HEADERS: Final = ("content-type", "warning", "retry-after")
_WAIT_SECONDS: Final = 60.0
_NOT_MODIFIED: Final = 304
_UNSUPPORTED: Final = 415
_BYTES: Final = re.compile(r"<(\d+) bytes>")


class Kubectl(Protocol):
    """Runs kubectl against a stage."""

    def __call__(self, stage: Stage, args: list[str], stdin: str) -> Ran:
        """Run it in the stage's namespace."""
        ...


class Disagreement(NamedTuple):
    """One thing in which a record and ours differ."""

    record: str
    kind: str
    what: str
    difference: Difference


@dataclass(slots=True)
class RecordReport:
    """The outcome of one record.

    Attributes
    ----------
    counts : dict of str to [int, int]
        By one of `KINDS`: how many agree, of how many.
    disagreements : list of Disagreement
        The first of each thing that does not.
    """

    label: str
    family: str
    counts: dict[str, list[int]] = field(default_factory=lambda: {kind: [0, 0] for kind in KINDS})
    disagreements: list[Disagreement] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        """Whether everything does."""
        return not self.disagreements

    def add(self, kind: str, what: str, found: Difference | None) -> None:
        """Count one thing that was compared."""
        counts = self.counts[kind]
        counts[1] += 1
        if found is None:
            counts[0] += 1
        else:
            self.disagreements.append(Disagreement(self.label, kind, what, found))


def play(record: Record, kubectl: Kubectl | None = None) -> RecordReport:
    """Play a record against a new cluster in this process.

    Parameters
    ----------
    kubectl : Kubectl, optional
        Runs the steps that are commands; without it they do not agree.
    """
    report = RecordReport(record.label, record.family)
    stage = Stage(record)
    try:
        player = _Player(record, stage, report, kubectl)
        for step in record.steps:
            player.play(step)
        stage.settle()
        compare_finals(record, stage, report.add)
        compare_events(record, stage, report.add)
        compare_streams(record, stage, report.add)
    finally:
        stage.close()
    return report


class _Player:
    def __init__(
        self, record: Record, stage: Stage, report: RecordReport, kubectl: Kubectl | None
    ) -> None:
        self._record = record
        self._stage = stage
        self._report = report
        self._kubectl = kubectl
        self._tags: dict[str, str] = {}

    def play(self, step: KubeObject) -> None:
        """Play one step."""
        stage = self._stage
        acts: dict[str, Callable[[KubeObject], None]] = {
            "request": self._request,
            "kubectl": self._command,
            "kubectl-requests": self._requests_of_command,
            "kubelet": self._kubelet,
            "settle": lambda _: stage.settle(),
            "sleep": lambda step: stage.pass_seconds(step["seconds"]),
            "wait": self._wait,
        }
        act = acts.get(step["op"])
        if act is not None:
            stage.step()
            act(step)

    # -- requests ------------------------------------------------------------------------------

    def _request(self, step: KubeObject) -> None:
        stage = self._stage
        path = stage.names.original(step["path"])
        body = _original(stage, step.get("body"))
        if isinstance(body, dict) and (body.get("spec") or {}).get("token") == "<token>":
            is_known = bool(step["resp"]["status"].get("authenticated"))
            body["spec"]["token"] = VIEWER_TOKEN if is_known else "unknown"
        headers = dict(step.get("headers") or {})
        token = step["as"] or "" if "as" in step else ADMIN_TOKEN
        response = stage.send(step["method"], path, body=body, headers=headers, token=token)
        what = f"{step['n']} {step['method']} {step['path']}"
        self._report.add("requests", what, self._answer(step, response))

    def _answer(self, step: KubeObject, response: Response) -> Difference | None:
        names = self._stage.names
        got = names.value(_decoded(response, isinstance(step.get("resp"), dict)))
        if response.status != step["status"]:
            return Difference("status", step["status"], [response.status, got])
        wanted: KubeObject = step.get("resp_headers") or {}
        for name in _HEADERS:
            expected = wanted.get(name)
            held = [value for key, value in response.headers if key == name]
            given: Json = held if isinstance(expected, list) else ", ".join(held) or None
            found = difference(expected, names.value(given), name)
            if found is not None:
                return found
        if "resp" not in step or "resp" in step.get("nondeterministic", ()):
            return None
        if step["method"] == "HEAD":
            return None
        return difference(step["resp"], got)

    def _requests_of_command(self, step: KubeObject) -> None:
        command = "kubectl " + " ".join(step["args"])
        for at, request in enumerate(step["requests"]):
            if _is_refused_by_proxy(request):
                continue
            response = self._repeated(request)
            what = f"{step['n']}.{at + 1} {command}: {request['method']} {request['path']}"
            found = None
            if response.status != request["status"]:
                got = self._stage.names.value(_decoded(response))
                found = Difference("status", request["status"], [response.status, got])
            self._report.add("requests", what, found)

    def _repeated(self, request: KubeObject) -> Response:
        """Answer a request of a command again, with what its client had cached."""
        stage = self._stage
        path = stage.names.original(request["path"])
        version = stage.version_at(path)
        query = escaped(stage.names.original(request.get("query") or "", version))
        headers = {"accept": request["accept"], "user-agent": request["user-agent"]}
        if request.get("content-type"):
            headers["content-type"] = request["content-type"]
        cached = self._tags.get(path)
        if request["status"] == _NOT_MODIFIED and cached:
            headers["if-none-match"] = cached
        body = _original(stage, request.get("body"), version)
        where = f"{path}?{query}" if query else path
        response = stage.send(request["method"], where, body=body, headers=headers)
        if response.stream is not None:
            response.stream.close()
        if tag := dict(response.headers).get("etag"):
            self._tags[path] = tag
        return response

    # -- commands ------------------------------------------------------------------------------

    def _command(self, step: KubeObject) -> None:
        stage = self._stage
        args = [stage.names.original(arg) for arg in step["args"]]
        what = f"{step['n']} kubectl {' '.join(step['args'])}"
        if self._kubectl is None:
            found: Difference | None = Difference(
                "", step["rc"], "no kubectl of this version to run it"
            )
        else:
            ran = self._kubectl(stage, args, stage.names.original(step.get("stdin") or ""))
            stage.work()
            found = compare_command(step, ran, stage)
        self._report.add("kubectl", what, found)

    def _kubelet(self, step: KubeObject) -> None:
        stage = self._stage
        name = stage.names.original(step["pod"])
        stage.kubelet.do(name, stage.namespace, step["do"], step.get("exit"))
        stage.work()

    def _wait(self, step: KubeObject) -> None:
        """Let time pass until there is all that had happened by then when it was recorded."""
        stage, wanted = self._stage, wanted_counts(self._record, step["n"])
        if not stage.wait(lambda: reached(stage, wanted), _WAIT_SECONDS) or not wanted:
            stage.settle()


def _is_refused_by_proxy(request: KubeObject) -> bool:
    """Say whether a proxy without protobuf, and no API server, answered a request."""
    return request["status"] == _UNSUPPORTED and request.get("content-type") == PROTOBUF


def _original(stage: Stage, body: Json, version: str = "1") -> Json:
    """Return a recorded body with this run's names in it; see `Names.original`."""
    if body is None or (isinstance(body, dict) and "protobuf_base64" in body):
        return body
    if isinstance(body, str):
        if found := _BYTES.fullmatch(body):
            return "x" * int(found[1])
        return stage.names.original(body, version)
    return json.loads(stage.names.original(json.dumps(body), version))


def _decoded(response: Response, is_json: bool = False) -> Json:
    """Return the body of a response: JSON decoded, text as it is."""
    text = response.body.decode(errors="replace")
    kind = dict(response.headers).get("content-type", "")
    if not (is_json or kind.startswith("application/json")):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
