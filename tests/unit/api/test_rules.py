"""Refusals of the kinds that end, serve and grant, in an API server's words."""

import copy

import pytest
from seeds import SEEDS, TEMPLATE

from pykube_core.api.builtin import BUILTIN
from pykube_core.api.machinery.status import StatusError
from pykube_core.apiserver import ApiServer
from pykube_core.store import Store


@pytest.fixture
def server():
    with Store() as store:
        server = ApiServer(store, clock=lambda: 1_700_000_000 * 10**9)
        server.bootstrap()
        yield server


def changed(kind, path, value):
    obj = {"metadata": {"name": "x"}} | copy.deepcopy(SEEDS[kind])
    *parents, last = path.split(".")
    holder = obj
    for part in parents:
        holder = holder[int(part)] if part.isdigit() else holder.setdefault(part, {})
    holder[int(last) if last.isdigit() else last] = value
    return obj


def refusal(call, *args):
    with pytest.raises(StatusError) as error:
        call(*args)
    assert error.value.code == 422
    return error.value.message.partition(" is invalid: ")[2]


CREATED = [
    ("Service", "spec.ports", [], "spec.ports: Required value"),
    (
        "Service", "spec.ports.0.port", 70000,
        "[spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive]",
    ),
    (
        "Service", "spec.ports.0.nodePort", 30000,
        "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
    ),
    (
        "Service", "spec.type", "Cloud",
        'spec.type: Unsupported value: "Cloud": supported values: "ClusterIP", "ExternalName", '
        '"LoadBalancer", "NodePort"',
    ),
    (
        "Service", "spec.clusterIP", "10.0.0",
        'spec.clusterIPs[0]: Invalid value: "10.0.0": must be a valid IP address, (e.g. 10.9.8.7 '
        "or 2001:db8::ffff)",
    ),
    (
        "Service", "spec.externalIPs", ["127.0.0.1"],
        'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range '
        "(127.0.0.0/8, ::1/128)",
    ),
    ("Secret", "type", "kubernetes.io/tls",
     "[data[tls.crt]: Required value, data[tls.key]: Required value]"),
    (
        "Secret", "type", "kubernetes.io/service-account-token",
        "metadata.annotations[kubernetes.io/service-account.name]: Required value",
    ),
    (
        "Role", "rules.0.verbs", [],
        "rules[0].verbs: Required value: verbs must contain at least one value",
    ),
    (
        "Role", "rules.0.nonResourceURLs", ["/x"],
        '[rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to '
        'non-resource URLs, rules[0].nonResourceURLs: Invalid value: ["/x"]: rules cannot apply '
        "to both regular resources and non-resource URLs]",
    ),
    (
        "ClusterRoleBinding", "roleRef.kind", "Role",
        'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
    ),
    ("Role", "metadata.name", "a/b", 'metadata.name: Invalid value: "a/b": may not contain \'/\''),
    (
        "Role", "metadata.name", 'a"b',
        'metadata.name: Invalid value: "a\\"b": may not contain quotes, backslashes or control '
        "characters",
    ),
    (
        "ConfigMap", "metadata.ownerReferences",
        [{"apiVersion": "a/b/c", "kind": "Node", "name": "n"}],
        '[metadata.ownerReferences[0].apiVersion: Invalid value: "a/b/c": must be '
        "<group>/<version> or <version>, metadata.ownerReferences[0].uid: Required value: must not "
        "be empty]",
    ),
    (
        "Job", "spec.template.spec.restartPolicy", "Always",
        'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    ),
    (
        "Job", "spec.backoffLimit", -1,
        "spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0",
    ),
    (
        "CronJob", "spec.schedule", "* * *",
        'spec.schedule: Invalid value: "* * *": expected exactly 5 fields, found 3: [* * *]',
    ),
    (
        "CronJob", "spec.schedule", "61 * * * *",
        'spec.schedule: Invalid value: "61 * * * *": end of range (61) above maximum (59): 61',
    ),
    (
        "CronJob", "spec.timeZone", "No/Where",
        'spec.timeZone: Invalid value: "No/Where": unknown time zone No/Where',
    ),
    (
        "HorizontalPodAutoscaler", "spec.maxReplicas", 0,
        "[spec.maxReplicas: Required value: must be set and greater than 0, spec.maxReplicas: "
        "Invalid value: 0: must be greater than or equal to `minReplicas`]",
    ),
    (
        "Ingress", "spec.rules.0.http.paths.0.path", "x",
        'spec.rules[0].http.paths[0].path: Invalid value: "x": must be an absolute path',
    ),
    (
        "StatefulSet", "spec.podManagementPolicy", "Wild",
        "spec.podManagementPolicy: Invalid value: \"Wild\": must be 'OrderedReady' or 'Parallel'",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "path", "value", "text"), CREATED, ids=[f"{c[0]}-{c[1]}-{c[2]}" for c in CREATED]
)
def test_a_new_object_that_breaks_a_rule_is_refused(kind, path, value, text, server):
    told = refusal(server.create, BUILTIN.named(kind), changed(kind, path, value))
    assert told.strip("[]") == text.strip("[]")


OTHER_ROLE = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"}
UPDATED = [
    (
        "RoleBinding", {"roleRef": OTHER_ROLE},
        'roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"ClusterRole",'
        '"Name":"edit"}: field is immutable',
    ),
    ("Secret", {"type": "x/y"}, 'type: Invalid value: "x/y": field is immutable'),
    ("StorageClass", {"provisioner": "x"}, 'provisioner: Invalid value: "x": field is immutable'),
    ("Job", {"spec": {"completionMode": "Indexed"}}, "field is immutable"),
    ("Job", {"spec": {"template": {"metadata": {"labels": {"z": "y"}}}}}, "field is immutable"),
    ("StatefulSet", {"spec": {"serviceName": "t"}},
     'spec.serviceName: Invalid value: "t": field is immutable'),
    ("RuntimeClass", {"handler": "kata"}, 'handler: Invalid value: "kata": field is immutable'),
    ("ResourceClaim", {"spec": {"devices": {"requests": []}}}, "field is immutable"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "patch", "text"), UPDATED)
def test_an_update_of_what_stays_as_it_is_is_refused(kind, patch, text, server):
    resource = BUILTIN.named(kind)
    server.create(resource, {"metadata": {"name": "x"}} | SEEDS[kind])
    assert refusal(server.patch, resource, patch, "x", "").endswith(text)


def test_a_suspended_job_may_still_change_where_its_pods_go(server):
    jobs = BUILTIN.named("jobs")
    server.create(jobs, changed("Job", "spec.suspend", True))
    patch = {"spec": {"template": {"spec": {"nodeSelector": {"a": "b"}}}}}
    assert server.patch(jobs, patch, "x").decode()["metadata"]["generation"] == 2
    image = [TEMPLATE["spec"]["containers"][0] | {"image": "other"}]
    patch = {"spec": {"template": {"spec": {"containers": image}}}}
    assert refusal(server.patch, jobs, patch, "x", "").endswith("field is immutable")


def test_a_jobs_selector_selects_its_own_pods_alone(server):
    made = server.create(BUILTIN.named("jobs"), changed("Job", "spec.suspend", False)).decode()
    labels, uid = made["spec"]["template"]["metadata"]["labels"], made["metadata"]["uid"]
    assert made["spec"]["selector"]["matchLabels"] == {"batch.kubernetes.io/controller-uid": uid}
    assert labels == made["metadata"]["labels"]
    assert (labels["job-name"], labels["controller-uid"]) == ("x", uid)


def test_a_secrets_texts_are_data_and_a_service_keeps_its_address(server):
    held = server.create(BUILTIN.named("secrets"), {"metadata": {"name": "x"}} | SEEDS["Secret"])
    assert held.decode()["data"] == {"a": "YQ==", "b": "Yw=="}
    services = BUILTIN.named("services")
    server.create(services, changed("Service", "spec.clusterIP", "10.0.0.9"))
    updated = server.update(services, {"metadata": {"name": "x"}} | SEEDS["Service"]).decode()
    assert updated["spec"]["clusterIPs"] == [updated["spec"]["clusterIP"]] == ["10.0.0.9"]


def test_a_claim_stays_as_it_is_but_for_its_volume_and_a_bound_ones_size(server):
    claims = BUILTIN.named("pvc")
    server.create(claims, {"metadata": {"name": "x"}} | SEEDS["PersistentVolumeClaim"])
    bigger = {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
    assert "spec is immutable after creation" in refusal(server.patch, claims, bigger, "x", "")
    server.patch(claims, {"spec": {"volumeName": "v"}}, "x")
    status = {"status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}}
    server.patch(claims, status, "x", subresource="status")
    held = server.patch(claims, bigger, "x").decode()
    assert held["spec"]["resources"]["requests"]["storage"] == "2Gi"
    smaller = {"spec": {"resources": {"requests": {"storage": "1Gi"}}}}
    told = refusal(server.patch, claims, smaller, "x", "")
    assert told.endswith("Forbidden: field can not be less than status.capacity")
    assert "spec is immutable" in refusal(server.patch, claims, {"spec": {"volumeName": "w"}}, "x")


def test_a_kind_that_is_answered_at_once_is_not_kept(server):
    with pytest.raises(StatusError) as error:
        server.create(BUILTIN.named("bindings"), {"metadata": {"name": "x"}})
    assert error.value.code == 405
