import json

import pytest

from pykube_core.apiserver.endpoints import Endpoints, Request

APPLY = ("content-type", "application/apply-patch+yaml")
MERGE = ("content-type", "application/merge-patch+json")
STRATEGIC = ("content-type", "application/strategic-merge-patch+json")
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
UNRECOGNIZED = "the object provided is unrecognized (must be of type ConfigMap): "
NO_JSON = UNRECOGNIZED + "couldn't get version/kind; json parse error: unexpected end of JSON input"


@pytest.fixture
def ask(server, clock):
    endpoints = Endpoints(server, clock=clock)

    def ask(method, path, body=None, *headers):
        path, _, query = path.partition("?")
        if not isinstance(body, bytes):
            body = b"" if body is None else json.dumps(body).encode()
        return endpoints.handle(Request(method, path, query, headers, body))

    return ask


def told(response):
    return json.loads(response.body)


def config_map(name, **data):
    return {"metadata": {"name": name}, "data": data}


def deployment(name="web"):
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "c", "image": "httpd"}]},
    }
    selector = {"matchLabels": {"app": name}}
    return {"metadata": {"name": name}, "spec": {"selector": selector, "template": template}}


def test_an_object_is_created_read_changed_and_deleted(ask):
    created = ask("POST", CONFIG_MAPS, config_map("a", k="v"), ("User-Agent", "me/1.0"))
    assert created.status == 201
    (entry,) = told(created)["metadata"]["managedFields"]
    assert (entry["manager"], entry["operation"]) == ("me", "Update")
    assert entry["fieldsV1"] == {"f:data": {".": {}, "f:k": {}}}
    assert told(ask("GET", f"{CONFIG_MAPS}/a")) == told(created)
    changed = told(ask("PATCH", f"{CONFIG_MAPS}/a", {"data": {"l": "w"}}, MERGE))
    assert changed["data"] == {"k": "v", "l": "w"}
    gone = ask("DELETE", f"{CONFIG_MAPS}/a")
    assert told(gone)["status"] == "Success"
    assert ask("GET", f"{CONFIG_MAPS}/a").status == 404


def test_a_patch_that_changes_nothing_writes_nothing(ask, server):
    ask("POST", CONFIG_MAPS, config_map("a", k="v"))
    before = server.revision
    ask("PATCH", f"{CONFIG_MAPS}/a", {"data": {"k": "v"}}, MERGE)
    assert server.revision == before


def test_a_strategic_patch_leaves_the_rest(ask):
    ask("POST", DEPLOYMENTS, deployment())
    patched = ask("PATCH", f"{DEPLOYMENTS}/web", {"spec": {"replicas": 2}}, STRATEGIC)
    assert patched.status == 200
    assert told(patched)["spec"]["template"]["spec"]["containers"][0]["image"] == "httpd"
    scale = told(ask("GET", f"{DEPLOYMENTS}/web/scale"))
    assert scale["spec"] == {"replicas": 2}


def test_server_side_apply_has_owners_and_conflicts(ask):
    first = b"apiVersion: v1\nkind: ConfigMap\ndata: {x: one}\n"
    other = b"apiVersion: v1\nkind: ConfigMap\ndata: {x: two}\n"
    assert ask("PATCH", f"{CONFIG_MAPS}/a?fieldManager=one", first, APPLY).status == 201
    refused = ask("PATCH", f"{CONFIG_MAPS}/a?fieldManager=two", other, APPLY)
    assert told(refused)["message"] == 'Apply failed with 1 conflict: conflict with "one": .data.x'
    forced = ask("PATCH", f"{CONFIG_MAPS}/a?fieldManager=two&force=true", other, APPLY)
    assert told(forced)["data"] == {"x": "two"}
    (entry,) = told(forced)["metadata"]["managedFields"]
    assert entry["manager"] == "two"


def test_writes_of_the_control_plane_leave_managed_fields_alone(ask, server):
    created = told(ask("POST", DEPLOYMENTS, deployment(), ("User-Agent", "me")))
    held = server.update(server.registry.named("deploy"), created)
    assert held.decode()["metadata"]["managedFields"] == created["metadata"]["managedFields"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "message"),
    [
        ("GET", "/nope", None, 404, None),
        ("GET", "/apis/nope.io/v1/x", None, 404, None),
        ("GET", "/api/v1/frobs", None, 404, "the server could not find the requested resource"),
        ("POST", CONFIG_MAPS, b"", 400, NO_JSON + " (<empty>)"),
        ("POST", CONFIG_MAPS, b'{"metadata":', 400, NO_JSON + ' ({"metadata":)'),
        (
            "POST",
            CONFIG_MAPS,
            {"kind": "Service", "apiVersion": "v1"},
            400,
            'Service in version "v1" cannot be handled as a ConfigMap: converting (v1.Service) to '
            "(core.ConfigMap): unknown conversion",
        ),
        (
            "POST",
            CONFIG_MAPS + "?dryRun=Yes",
            config_map("a"),
            422,
            'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Yes"]: '
            'supported values: "All"',
        ),
        (
            "POST",
            CONFIG_MAPS + "?fieldValidation=Bogus",
            config_map("a"),
            422,
            'CreateOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: "Bogus": '
            'supported values: "", "Ignore", "Strict", "Warn"',
        ),
        (
            "PATCH",
            CONFIG_MAPS,
            {},
            405,
            "the server does not allow this method on the requested resource",
        ),
        (
            "DELETE",
            CONFIG_MAPS + "/a?propagationPolicy=Bogus",
            None,
            422,
            'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: '
            '"Bogus": supported values: "Foreground", "Background", "Orphan", "nil"',
        ),
        (
            "GET",
            CONFIG_MAPS + "?resourceVersionMatch=Exact",
            None,
            422,
            'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: '
            "resourceVersionMatch is forbidden unless resourceVersion is provided",
        ),
        (
            "GET",
            CONFIG_MAPS + "?sendInitialEvents=true",
            None,
            422,
            'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: '
            "sendInitialEvents is forbidden for list",
        ),
        (
            "GET",
            CONFIG_MAPS + "?limit=x",
            None,
            400,
            'strconv.ParseInt: parsing "x": invalid syntax',
        ),
    ],
)
def test_refusals_are_upstreams(ask, method, path, body, status, message):
    response = ask(method, path, body)
    assert response.status == status
    if message is None:
        assert response.body == b"404 page not found\n"
    else:
        assert told(response)["message"] == message


def test_a_body_beyond_the_limit_is_refused(ask):
    response = ask("POST", CONFIG_MAPS, b"x" * 3_200_000)
    assert (response.status, told(response)["reason"]) == (413, "RequestEntityTooLarge")


def test_unknown_fields_are_warnings_by_default(ask):
    response = ask("POST", CONFIG_MAPS, config_map("a") | {"foo": 1})
    assert response.status == 201
    assert ("warning", '299 - "unknown field \\"foo\\""') in response.headers


def test_lists_come_in_pages_and_as_tables(ask):
    for name in "abc":
        ask("POST", CONFIG_MAPS, config_map(name))
    page = told(ask("GET", f"{CONFIG_MAPS}?limit=2"))
    assert [item["metadata"]["name"] for item in page["items"]] == ["a", "b"]
    assert page["metadata"]["remainingItemCount"] == 1
    rest = told(ask("GET", f"{CONFIG_MAPS}?limit=2&continue={page['metadata']['continue']}"))
    assert [item["metadata"]["name"] for item in rest["items"]] == ["c"]
    as_table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
    table = told(ask("GET", CONFIG_MAPS, None, ("Accept", as_table)))
    assert [row["cells"][0] for row in table["rows"]] == ["a", "b", "c"]


@pytest.mark.parametrize("accept", ["text/html", "application/json;as=Nothing;v=v1;g=meta.k8s.io"])
def test_other_media_types_are_not_acceptable(ask, accept):
    assert ask("GET", CONFIG_MAPS, None, ("Accept", accept)).status == 406


def test_a_watch_sends_the_objects_that_are_there_and_their_changes(ask):
    ask("POST", CONFIG_MAPS, config_map("a"))
    query = (
        "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
        "&allowWatchBookmarks=true"
    )
    stream = ask("GET", f"{CONFIG_MAPS}?{query}").stream
    frames = [json.loads(line) for line in stream.read().splitlines()]
    assert [frame["type"] for frame in frames] == ["ADDED", "BOOKMARK"]
    assert stream.read() == b""
    ask("DELETE", f"{CONFIG_MAPS}/a")
    (frame,) = [json.loads(line) for line in stream.read().splitlines()]
    assert (frame["type"], frame["object"]["metadata"]["name"]) == ("DELETED", "a")
    stream.close()
    assert stream.read() is None


def test_a_watch_ends_when_its_time_is_over(ask, clock):
    stream = ask("GET", f"{CONFIG_MAPS}?watch=true&timeoutSeconds=5&resourceVersion=1").stream
    while stream.read():
        pass
    clock.advance(6)
    assert stream.read() is None


def test_discovery_is_negotiated(ask):
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
    assert told(ask("GET", "/apis", None, ("Accept", accept)))["kind"] == "APIGroupDiscoveryList"
    assert told(ask("GET", "/apis"))["kind"] == "APIGroupList"
    old = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"
    assert ask("GET", "/apis", None, ("Accept", old)).status == 406
    index = told(ask("GET", "/openapi/v3"))["paths"]
    url = index["apis/apps/v1"]["serverRelativeURL"]
    assert told(ask("GET", url))["openapi"] == "3.0.0"


def test_health_is_told_check_by_check(ask):
    assert ask("GET", "/readyz").body == b"ok"
    assert ask("GET", "/readyz/nope").status == 404
    text = ask("GET", "/livez?verbose&exclude=etcd").body.decode()
    assert "[+]etcd excluded: ok\n" in text
    assert text.endswith("livez check passed\n")


def test_discovery_that_a_client_has_is_not_sent_again(ask):
    accept = ("accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
    tag = dict(ask("GET", "/apis", None, accept).headers)["etag"]
    again = ask("GET", "/apis", None, accept, ("if-none-match", tag))
    assert (again.status, again.body) == (304, b"")
    assert ask("GET", "/api", None, accept, ("if-none-match", tag)).status == 200


def test_requests_are_counted(ask):
    ask("GET", CONFIG_MAPS)
    ask("GET", CONFIG_MAPS)
    text = ask("GET", "/metrics").body.decode()
    labels = 'resource="configmaps",scope="namespace",subresource="",verb="LIST",version="v1"'
    assert f'{{code="200",component="apiserver",group="",{labels}}} 2\n' in text


def test_pages_for_people_are_plain_text_alone(ask):
    assert ask("GET", "/statusz", None, ("accept", "text/plain")).status == 200
    assert ask("GET", "/flagz", None, ("accept", "application/json")).status == 406


def test_applying_creates_without_a_uid_and_whatever_the_version(ask):
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "n"}}
    known = body | {"metadata": {"name": "n", "uid": "abc"}}
    refused = ask("PATCH", f"{CONFIG_MAPS}/n?fieldManager=m", known, APPLY)
    assert refused.status == 409
    assert "uid mismatch: the provided object specified uid abc" in told(refused)["message"]
    versioned = body | {"metadata": {"name": "n", "resourceVersion": "1"}}
    assert ask("PATCH", f"{CONFIG_MAPS}/n?fieldManager=m", versioned, APPLY).status == 201


def test_keys_of_a_map_that_come_twice_are_refused(ask):
    body = b'{"metadata":{"name":"d"},"data":{"a":"1","a":"2"}}'
    refused = ask("POST", f"{CONFIG_MAPS}?fieldValidation=Strict", body)
    assert refused.status == 400
    assert told(refused)["message"].endswith('duplicate field "data.a"')
    warned = ask("POST", CONFIG_MAPS, body)
    assert ("warning", '299 - "duplicate field \\"data.a\\""') in warned.headers


def test_namespaces_are_not_deleted_together(ask):
    assert ask("DELETE", "/api/v1/namespaces").status == 405
