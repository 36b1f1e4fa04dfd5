"""The API in process gives the answers that kube-apiserver 1.36 and 1.37 gave, word for word."""

import base64
import json
import re
from pathlib import Path

import pytest

from pykube_core.api.apps import DEPLOYMENTS
from pykube_core.api.builtin import BUILTIN
from pykube_core.api.core import CONFIG_MAPS, PODS
from pykube_core.api.machinery.patch import JSON_PATCH
from pykube_core.api.machinery.status import StatusError, success
from pykube_core.apiserver import ApiServer
from pykube_core.store import Store

ANSWERS = Path(__file__).parent / "kube-apiserver-v1.36.2/responses.jsonl"
RECORDED = {item["name"]: item for item in map(json.loads, ANSWERS.read_text().splitlines())}
REFUSED = Path(__file__).parent / "kubernetes-v1.37.2/refusals.jsonl"
NOW = 1_795_407_362 * 10**9


@pytest.fixture
def server():
    with Store() as store:
        server = ApiServer(store, clock=lambda: NOW)
        server.bootstrap()
        yield server
        store.validate()


def body(name):
    return json.loads(RECORDED[name]["body"])


def stable(value):
    """Drop what differs by nature: uids, times, versions, managed fields."""
    if isinstance(value, dict):
        dropped = {"uid", "resourceVersion", "creationTimestamp", "managedFields"}
        return {key: stable(item) for key, item in value.items() if key not in dropped}
    return [stable(item) for item in value] if isinstance(value, list) else value


def words(status):
    """Return a Status without the numbers and uids in its message."""
    text = re.sub(r"[0-9a-f]{8}-[-0-9a-f]{27}", "UID", status["message"])
    return status | {"message": re.sub(r"current: \d+", "current: N", text)}


def decoded(token):
    return json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))


def config_map(name="g1", **more):
    return {"metadata": {"name": name}, "data": {"a": "b"}} | more


def create(server, *args, **options):
    return server.create(CONFIG_MAPS, config_map(*args), "default", **options)


POD = {
    "metadata": {"name": "BAD_name"},
    "spec": {"containers": []},
}
REFUSALS = {
    "create again": lambda s: create(s),
    "get 404": lambda s: s.get(CONFIG_MAPS, "none", "default"),
    "conflict": lambda s: s.update(
        CONFIG_MAPS,
        config_map() | {"metadata": {"name": "g1", "resourceVersion": "1"}},
        "g1",
        "default",
    ),
    "put name mismatch": lambda s: s.update(CONFIG_MAPS, config_map("g2"), "g1", "default"),
    "unknown field strict": lambda s: s.create(CONFIG_MAPS, config_map("x", foo=1), "default"),
    "invalid pod": lambda s: s.create(PODS, POD, "default"),
    "ns mismatch": lambda s: s.create(
        CONFIG_MAPS, {"metadata": {"name": "x", "namespace": "other"}}, "default"
    ),
    "ns missing": lambda s: s.create(CONFIG_MAPS, config_map("x"), "nons"),
    "bad field selector": lambda s: s.list(PODS, "default", field_selector="spec.foo=bar"),
    "bad label selector": lambda s: s.list(PODS, "default", label_selector="a===b"),
    "list rv future": lambda s: s.list(CONFIG_MAPS, "default", resource_version="99999999"),
    "rvMatch without rv": lambda s: s.list(CONFIG_MAPS, resource_version_match="Exact"),
    "bad continue": lambda s: s.list(CONFIG_MAPS, limit=1, next_page="abc"),
    "watch bad rv": lambda s: s.watch(CONFIG_MAPS, "default", resource_version="abc"),
    "json patch": lambda s: s.patch(
        CONFIG_MAPS,
        [{"op": "test", "path": "/data/a", "value": "no"}],
        "g1",
        "default",
        patch_type=JSON_PATCH,
    ),
    "patch bad ct": lambda s: s.patch(CONFIG_MAPS, {}, "g1", "default", patch_type="text/plain"),
    "delete precond": lambda s: s.delete(CONFIG_MAPS, "g1", "default", uid="abc"),
    "binding": lambda s: s.bind("none", "default", "n1"),
    "delete again": lambda s: s.delete(CONFIG_MAPS, "gone", "default"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusal_is_word_for_word_and_leaves_no_trace(server, name):
    create(server)
    before = server.revision
    with pytest.raises(StatusError) as error:
        REFUSALS[name](server)
    expected = body(name)
    if name == "delete again":
        expected = json.loads(json.dumps(expected).replace("g1", "gone"))
    assert words(error.value.status()) == words(expected)
    assert error.value.code == RECORDED[name]["status"]
    assert server.revision == before


@pytest.mark.parametrize(
    "case",
    [json.loads(line) for line in REFUSED.read_text().splitlines()],
    ids=lambda case: json.dumps(case["body"]),
)
def test_what_is_refused_on_creation_is_refused_in_the_same_words(server, case):
    resource = BUILTIN.named(case["resource"])
    namespace = "default" if resource.namespaced else ""
    if case["status"] == 409:
        server.create(resource, case["body"], namespace)
    with pytest.raises(StatusError) as error:
        server.create(resource, case["body"], namespace)
    assert error.value.code == case["status"]
    assert words(error.value.status()) == words(case["response"])


def test_created_object_is_what_a_real_server_answers(server):
    created = create(server)
    assert stable(json.loads(created.json())) == stable(body("create"))
    assert created.decode() == json.loads(created.json())
    assert (
        body("create")["metadata"].keys() - {"managedFields"} == created.decode()["metadata"].keys()
    )


def test_dry_run_answers_without_a_resource_version(server):
    before = server.revision
    answer = json.loads(create(server, "dry", dry_run=True).json())
    assert stable(answer) == stable(body("dryrun"))
    assert "resourceVersion" not in answer["metadata"]
    assert server.revision == before


def test_unknown_field_is_a_warning_on_demand(server):
    warnings = []
    obj = config_map("g3", foo=1)
    created = server.create(CONFIG_MAPS, obj, "default", field_validation="Warn", warnings=warnings)
    assert [f'299 - "{text}"'.replace('\\"', '"') for text in warnings] == [
        RECORDED["unknown field warn"]["warn"].replace('\\"', '"')
    ]
    assert stable(created.decode()) == stable(body("unknown field warn"))


def test_put_and_patch_that_change_nothing_write_nothing(server):
    created = create(server)
    assert server.update(CONFIG_MAPS, config_map(), "g1", "default") == created
    patched = server.patch(CONFIG_MAPS, {"data": {"a": "c"}}, "g1", "default")
    assert stable(patched.decode()) == stable(body("merge patch"))
    again = server.patch(CONFIG_MAPS, {"data": {"a": "c"}}, "g1", "default")
    assert again == patched
    assert again.revision == server.revision


def test_pages_carry_a_token_that_a_real_server_could_read(server):
    for name in ("g1", "g2", "g3"):
        create(server, name)
    page = server.list(CONFIG_MAPS, limit=1)
    expected = body("list limit")["metadata"]
    assert page.remaining == expected["remainingItemCount"]
    token, recorded = map(decoded, (page.next_page, expected["continue"]))
    assert token == recorded | {"rv": page.revision}


def test_list_at_the_first_version_is_empty(server):
    create(server)
    listed = server.list(
        CONFIG_MAPS, "default", resource_version="1", resource_version_match="Exact"
    )
    assert (listed.items, str(listed.revision)) == (
        [],
        body("list exact old")["metadata"]["resourceVersion"],
    )


def test_deletion_answers_success_with_the_uid(server):
    created = create(server)
    gone = server.delete(CONFIG_MAPS, "g1", "default")
    assert gone.gone
    answer = success(CONFIG_MAPS, "g1", created.decode()["metadata"]["uid"])
    expected = body("delete")
    assert answer.pop("details").keys() == expected["details"].keys()
    expected.pop("details")
    assert answer == expected


def test_streaming_list_ends_with_its_bookmark(server):
    create(server)
    watch = server.watch(CONFIG_MAPS, "default", send_initial_events=True)
    types, objects = zip(
        *[(e.type, json.loads(e.object.json())) for e in watch.read()], strict=True
    )
    assert types == ("ADDED", "BOOKMARK")
    recorded = json.loads(RECORDED["watchlist"]["body"].splitlines()[-1])
    assert stable(objects[-1]) == stable(recorded["object"])
    assert objects[-1]["metadata"]["resourceVersion"] == str(server.revision)


def test_deployment_gets_the_defaults_of_a_real_server(server):
    template = {
        "metadata": {"labels": {"a": "b"}},
        "spec": {"containers": [{"name": "c", "image": "nginx"}]},
    }
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    created = server.create(
        DEPLOYMENTS, {"metadata": {"name": "gd"}, "spec": spec}, "default", dry_run=True
    )
    assert stable(created.decode()) == stable(json.loads(RECORDED["deploy"]["body"]))
    assert list(created.decode()) == ["kind", "apiVersion", "metadata", "spec", "status"]


def test_pod_gets_the_defaults_of_a_real_server(server):
    container = {"name": "c", "image": "nginx", "resources": {"limits": {"cpu": "1"}}}
    pod = {"metadata": {"name": "gp"}, "spec": {"containers": [container]}}
    created = server.create(PODS, pod, "default", dry_run=True).decode()
    assert created["metadata"]["generation"] == 1
    # The recording is cut off inside the first container.
    text = RECORDED["pod"]["body"]
    held = re.search(r'"name":"c","image":"nginx","resources":(\{.*?\}\})', text)
    assert created["spec"]["containers"][0]["resources"] == json.loads(held[1])
    assert created["status"] == {"phase": "Pending", "qosClass": "Burstable"}
    managed = re.search(r'"f:spec":(\{.*?\})\}\}\]', text)
    fields = {key[2:] for key in json.loads(managed[1])} - {"containers"}
    assert fields <= created["spec"].keys()


def test_every_resource_is_served_empty(server):
    for resource in BUILTIN:
        assert server.list(resource).next_page == ""
