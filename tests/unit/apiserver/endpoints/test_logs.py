import json

import pytest

from pykube_core.api.core import PODS
from pykube_core.api.machinery.status import StatusError
from pykube_core.apiserver.endpoints import Request
from pykube_core.apiserver.endpoints.logs import LogLine, answer_logs
from tests.unit.apiserver.manifests import pod

SECOND = 10**9
LINES = [LogLine(0, "one"), LogLine(SECOND, "two"), LogLine(2 * SECOND, "three")]


def lines_of(pod, container, is_previous):
    return [LogLine(0, "before")] if is_previous else LINES


def ask(server, query=""):
    request = Request("GET", "/api/v1/namespaces/default/pods/p/log", query)
    return answer_logs(request, server, lines_of, "p", "default")


def refusal(server, query=""):
    with pytest.raises(StatusError) as raised:
        ask(server, query)
    return raised.value.code, raised.value.message


def run(server, state="running", last=None, name="c"):
    status = {"name": name, "state": {state: {}}, "lastState": last or {}}
    server.patch(
        PODS, {"status": {"containerStatuses": [status]}}, "p", "default", subresource="status"
    )


@pytest.fixture
def bound(server):
    server.create(PODS, pod(), "default")
    server.bind("p", "default", "n1")
    return server


def test_lines_are_those_that_are_known(bound):
    run(bound)
    response = ask(bound)
    assert (response.status, response.body) == (200, b"one\ntwo\nthree\n")
    assert response.headers == (("content-type", "text/plain"),)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("tailLines=1", b"three\n"),
        ("tailLines=0", b""),
        ("limitBytes=5", b"one\nt"),
        ("container=c&timestamps=true&tailLines=1", b"1970-01-01T00:00:02Z three\n"),
    ],
)
def test_a_part_of_them_may_be_asked_for(bound, query, text):
    run(bound)
    assert ask(bound, query).body == text


def test_the_attempt_before_has_lines_of_its_own(bound):
    run(bound)
    text = 'previous terminated container "c" in pod "p" not found'
    assert refusal(bound, "previous=true") == (400, text)
    run(bound, last={"terminated": {"exitCode": 1}})
    assert ask(bound, "previous=true").body == b"before\n"


def test_a_container_that_has_not_started_has_none(server):
    server.create(PODS, pod(), "default")
    assert refusal(server) == (400, "pod p does not have a host assigned")
    server.bind("p", "default", "n1")
    waiting = 'container "c" in pod "p" is waiting to start: '
    assert refusal(server) == (400, f"{waiting}ContainerCreating")
    status = {"name": "c", "state": {"waiting": {"reason": "ImagePullBackOff"}}}
    patch = {"status": {"containerStatuses": [status]}}
    server.patch(PODS, patch, "p", "default", subresource="status")
    assert refusal(server) == (400, f"{waiting}trying and failing to pull image")


def test_a_container_is_named_where_there_are_several(server):
    containers = [{"name": name, "image": "i"} for name in ("a", "b")]
    server.create(PODS, pod(containers=containers), "default")
    choice = "a container name must be specified for pod p, choose one of: [a b]"
    assert refusal(server) == (400, choice)
    assert refusal(server, "container=x") == (400, "container x is not valid for pod p")


def test_followed_lines_end_with_the_container(bound):
    run(bound)
    stream = ask(bound, "follow=true").stream
    assert stream.read() == b"one\ntwo\nthree\n"
    assert stream.read() == b""
    run(bound, "terminated")
    assert stream.read() is None
    json.dumps(stream.close())
