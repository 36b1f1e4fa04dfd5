"""``pods/NAME/log``: what a container wrote, as far as somebody knows.

Source: ``pkg/registry/core/pod/strategy.go`` (LogLocation) and
``pkg/kubelet/kubelet_pods.go`` (validateContainerLogStatus), v1.37.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from pykube_core.api.core import PODS
from pykube_core.api.machinery.objects import KubeObject, name_of
from pykube_core.api.machinery.status import StatusError, bad_request
from pykube_core.api.machinery.times import time_text
from pykube_core.apiserver.endpoints.message import Request, Response, text_response
from pykube_core.apiserver.endpoints.options import Query
from pykube_core.apiserver.server import ApiServer

_TYPE: Final = (("content-type", "text/plain"),)
_KINDS: Final = ("initContainers", "containers", "ephemeralContainers")
_STATUSES: Final = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
_PULLING: Final = ("ErrImagePull", "ImagePullBackOff")


class LogLine(NamedTuple):
    """One line of a container, and when it was written."""

    time_ns: int
    text: str


Logs = Callable[[KubeObject, str, bool], Iterable[LogLine]]
"""Returns the lines of a pod's container, of its attempt now or of the one before."""


def no_logs(pod: KubeObject, container: str, is_previous: bool) -> Iterable[LogLine]:
    """Know of no lines."""
    return ()


def answer_logs(
    request: Request, server: ApiServer, logs: Logs, name: str, namespace: str
) -> Response:
    """Answer with the lines of a container: 400, 404."""
    query = Query(request)
    pod = server.get(PODS, name, namespace).decode()
    container = container_of(pod, query.text("container"))
    if not pod["spec"].get("nodeName"):
        raise bad_request(f"pod {name} does not have a host assigned")
    is_previous = query.flag("previous")
    _check_state(pod, container, is_previous)
    lines = list(logs(pod, container, is_previous))
    tail, limit = query.integer("tailLines"), query.integer("limitBytes")
    if tail is not None:
        lines = lines[-tail:] if tail else []
    stamped = query.flag("timestamps")
    text = "".join(
        f"{time_text(line.time_ns)} {line.text}\n" if stamped else f"{line.text}\n"
        for line in lines
    )
    data = text.encode()[: max(limit, 0)] if limit is not None else text.encode()
    if query.flag("follow") and not is_previous:
        stream = _Followed(server, name, namespace, container, data)
        return Response(200, _TYPE, stream=stream)
    return text_response("")._replace(headers=_TYPE, body=data)


def container_of(pod: KubeObject, given: str) -> str:
    """Return the container that a request means (400)."""
    spec, name = pod["spec"], name_of(pod)
    names = [each["name"] for kind in _KINDS for each in spec.get(kind) or []]
    if given:
        if given not in names:
            raise bad_request(f"container {given} is not valid for pod {name}")
        return given
    containers = spec.get("containers") or []
    if len(containers) != 1:
        choice = f", choose one of: [{' '.join(names)}]" if containers else ""
        raise bad_request(f"a container name must be specified for pod {name}{choice}")
    return str(containers[0]["name"])


def _state_of(pod: KubeObject, container: str) -> KubeObject | None:
    status = pod.get("status") or {}
    for kind in _STATUSES:
        for each in status.get(kind) or []:
            if each.get("name") == container:
                return dict(each)
    return None


def _check_state(pod: KubeObject, container: str, is_previous: bool) -> None:
    """Refuse a container that has not written yet (400)."""
    held, quoted = _state_of(pod, container), f'container "{container}" in pod "{name_of(pod)}"'
    if held is None:
        raise _kubelet_error(f"{quoted} is waiting to start: ContainerCreating")
    ended = (held.get("lastState") or {}).get("terminated")
    if is_previous and not ended:
        raise _kubelet_error(f"previous terminated {quoted} not found")
    state = held.get("state") or {}
    if is_previous or "running" in state or "terminated" in state or ended:
        return
    reason = (state.get("waiting") or {}).get("reason") or "ContainerCreating"
    if reason in _PULLING:
        raise _kubelet_error(f"{quoted} is waiting to start: trying and failing to pull image")
    raise _kubelet_error(f"{quoted} is waiting to start: {reason}")


def _kubelet_error(text: str) -> StatusError:
    return StatusError(400, "BadRequest", text)


class _Followed:
    """Lines of a container, open until it has ended."""

    def __init__(
        self, server: ApiServer, name: str, namespace: str, container: str, data: bytes
    ) -> None:
        self._server = server
        self._pod = name, namespace
        self._container = container
        self._data = data
        self._is_over = False

    def read(self) -> bytes | None:
        """Return what there is to send, b"" for nothing yet, None at the end."""
        data, self._data = self._data, b""
        if data:
            return data
        return None if self._is_over or not self._runs() else b""

    def close(self) -> None:
        """End it."""
        self._is_over = True

    def _runs(self) -> bool:
        try:
            pod = self._server.get(PODS, *self._pod).decode()
        except StatusError:
            return False
        held = _state_of(pod, self._container)
        return held is not None and "running" in (held.get("state") or {})
