import pytest

from pykube_core.api.machinery.status import StatusError
from pykube_core.apiserver.auth.authorizer import (
    Attributes,
    Masters,
    Union,
    forbidden_request,
)
from pykube_core.apiserver.auth.bootstrap_policy import bootstrap_policy
from pykube_core.apiserver.auth.escalation import escalation, may_bind, may_escalate
from pykube_core.apiserver.auth.impersonation import impersonated, wanted_user
from pykube_core.apiserver.auth.rbac import RbacAuthorizer
from pykube_core.apiserver.auth.user import AUTHENTICATED, MASTERS, User, service_account_name

JANE = User("jane", "u-jane", ("developers", AUTHENTICATED))
ADMIN = User("kubernetes-admin", "u-admin", (MASTERS, AUTHENTICATED))
VIEW_CONFIG = {
    "kind": "Role",
    "metadata": {"name": "view-cm", "namespace": "demo"},
    "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}],
}


def role(name, *rules, namespace=""):
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"kind": "Role" if namespace else "ClusterRole", "metadata": metadata, "rules": rules}


def binding(ref, *subjects, namespace="", name="b"):
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    kind = "RoleBinding" if namespace else "ClusterRoleBinding"
    return {"kind": kind, "metadata": metadata, "roleRef": ref, "subjects": list(subjects)}


def user(name):
    return {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": name}


def ref(kind, name):
    return {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}


class Policy:
    def __init__(self, *objects):
        self.objects = [*bootstrap_policy(), *objects]

    def _named(self, kind, name, namespace=""):
        for obj in self.objects:
            metadata = obj["metadata"]
            if (obj["kind"], metadata["name"]) == (kind, name):
                if metadata.get("namespace", "") == namespace:
                    return obj
        return None

    def role(self, namespace, name):
        return self._named("Role", name, namespace)

    def cluster_role(self, name):
        return self._named("ClusterRole", name)

    def role_bindings(self, namespace):
        return [
            obj
            for obj in self.objects
            if obj["kind"] == "RoleBinding" and obj["metadata"]["namespace"] == namespace
        ]

    def cluster_role_bindings(self):
        return [obj for obj in self.objects if obj["kind"] == "ClusterRoleBinding"]


def rbac(*objects):
    return RbacAuthorizer(Policy(*objects))


def asked(who=JANE, verb="list", resource="pods", **more):
    return Attributes(user=who, verb=verb, resource=resource, **more)


def test_the_bootstrap_policy_is_whole():
    kinds = [obj["kind"] for obj in bootstrap_policy()]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "ClusterRole": 73,
        "ClusterRoleBinding": 54,
        "Role": 7,
        "RoleBinding": 7,
    }


def test_a_user_without_a_role_is_refused_in_upstreams_words():
    question = asked(namespace="demo")
    verdict = rbac().authorize(question)
    assert not verdict.allowed
    error = forbidden_request(question, verdict.reason)
    assert error.message == (
        'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the '
        'namespace "demo"'
    )
    assert error.details == {"kind": "pods"}


@pytest.mark.parametrize(
    ("question", "message", "details"),
    [
        (
            asked(resource="nodes"),
            'nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the '
            "cluster scope",
            {"kind": "nodes"},
        ),
        (
            asked(verb="get", name="x", subresource="log", namespace="demo"),
            'pods "x" is forbidden: User "jane" cannot get resource "pods/log" in API group "" in '
            'the namespace "demo"',
            {"name": "x", "kind": "pods"},
        ),
        (
            asked(verb="get", resource="", path="/metrics"),
            'forbidden: User "jane" cannot get path "/metrics"',
            {},
        ),
        (
            asked(resource="things", group="foo.bar"),
            'things.foo.bar is forbidden: User "jane" cannot list resource "things" in API group '
            '"foo.bar" at the cluster scope',
            {"group": "foo.bar", "kind": "things"},
        ),
    ],
)
def test_refusals_are_upstreams(question, message, details):
    error = forbidden_request(question)
    assert (error.code, error.reason) == (403, "Forbidden")
    assert error.message == message
    assert error.details == details


def test_everybody_may_read_what_is_public():
    verdict = rbac().authorize(asked(verb="get", resource="", path="/healthz"))
    # Upstream visits bindings in no order; here they come by name.
    assert verdict.reason == (
        'RBAC: allowed by ClusterRoleBinding "system:discovery" of ClusterRole '
        '"system:discovery" to Group "system:authenticated"'
    )


def test_a_role_binding_gives_rights_in_its_namespace_alone():
    authorizer = rbac(VIEW_CONFIG, binding(ref("Role", "view-cm"), user("jane"), namespace="demo"))
    verdict = authorizer.authorize(asked(resource="configmaps", namespace="demo"))
    assert verdict.reason == (
        'RBAC: allowed by RoleBinding "b/demo" of Role "view-cm" to User "jane"'
    )
    assert not authorizer.authorize(asked(resource="configmaps", namespace="other")).allowed
    assert not authorizer.authorize(asked(resource="secrets", namespace="demo")).allowed


def test_a_role_that_is_gone_is_named():
    authorizer = rbac(binding(ref("Role", "gone"), user("jane"), namespace="demo"))
    verdict = authorizer.authorize(asked(namespace="demo"))
    assert verdict.reason == 'RBAC: role.rbac.authorization.k8s.io "gone" not found'


def test_a_service_account_has_the_namespace_of_its_binding():
    subject = {"kind": "ServiceAccount", "name": "robot"}
    authorizer = rbac(VIEW_CONFIG, binding(ref("Role", "view-cm"), subject, namespace="demo"))
    robot = User(service_account_name("demo", "robot"))
    verdict = authorizer.authorize(asked(robot, resource="configmaps", namespace="demo"))
    assert verdict.reason.endswith('to ServiceAccount "robot/demo"')


@pytest.mark.parametrize(
    ("rule", "question", "allowed"),
    [
        ({"resources": ["pods/*"]}, asked(subresource="log"), False),
        ({"resources": ["*/log"]}, asked(subresource="log"), True),
        ({"resources": ["*/log"]}, asked(), False),
        ({"resources": ["pods"]}, asked(subresource="log"), False),
        ({"resources": ["*"]}, asked(subresource="log"), True),
        ({"resources": ["pods"], "resourceNames": ["a"]}, asked(), False),
        ({"resources": ["pods"], "resourceNames": ["a"]}, asked(name="a"), True),
        ({"nonResourceURLs": ["/a*"]}, asked(resource="", path="/ab"), True),
        ({"nonResourceURLs": ["/a*"]}, asked(resource="", path="/b"), False),
    ],
)
def test_rules_match_as_upstreams_do(rule, question, allowed):
    whole = {"apiGroups": [""], "verbs": ["list"]} | rule
    authorizer = rbac(role("r", whole), binding(ref("ClusterRole", "r"), user("jane")))
    assert authorizer.authorize(question).allowed is allowed


def test_nobody_grants_what_he_does_not_hold():
    authorizer = rbac(VIEW_CONFIG, binding(ref("Role", "view-cm"), user("jane"), namespace="demo"))
    own = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}]
    assert escalation(JANE, authorizer, own, "demo") is None
    more = [{"apiGroups": [""], "resources": ["configmaps", "secrets"], "verbs": ["get", "watch"]}]
    assert escalation(JANE, authorizer, more, "demo") == (
        'user "jane" (groups=["developers" "system:authenticated"]) is attempting to grant RBAC '
        "permissions not currently held:\n"
        '{APIGroups:[""], Resources:["configmaps"], Verbs:["watch"]}\n'
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "watch"]}'
    )


def test_escalate_and_bind_are_verbs_of_roles():
    rule = {
        "apiGroups": ["rbac.authorization.k8s.io"],
        "resources": ["roles", "clusterroles"],
        "verbs": ["escalate", "bind"],
    }
    authorizer = rbac(role("r", rule), binding(ref("ClusterRole", "r"), user("jane")))
    assert may_escalate(JANE, authorizer, "roles", "x", "demo")
    assert may_bind(JANE, authorizer, ref("ClusterRole", "x"), "demo")
    assert not may_bind(JANE, authorizer, ref("Other", "x"), "demo")
    assert not may_escalate(User("bob"), authorizer, "roles", "x", "demo")
    assert may_escalate(ADMIN, rbac(), "roles", "x", "demo")


def test_an_administrator_is_whoever_the_headers_name():
    wanted = wanted_user([("Impersonate-User", "bob"), ("Impersonate-Extra-Reason", "t")])
    found = impersonated(wanted, asked(ADMIN), Union([Masters(), rbac()]))
    assert found == User("bob", "", (AUTHENTICATED,), {"reason": ("t",)})


def test_a_service_account_brings_its_groups():
    wanted = wanted_user([("impersonate-user", "system:serviceaccount:demo:robot")])
    found = impersonated(wanted, asked(ADMIN), Masters())
    assert found.groups == (
        "system:serviceaccounts",
        "system:serviceaccounts:demo",
        AUTHENTICATED,
    )


def test_impersonation_is_refused_with_the_verb_of_the_first_mode():
    wanted = wanted_user([("Impersonate-User", "bob")])
    with pytest.raises(StatusError) as caught:
        impersonated(wanted, asked(namespace="demo"), rbac())
    assert caught.value.message == (
        'pods is forbidden: User "jane" cannot impersonate-on:user-info:list resource "pods" in '
        'API group "" in the namespace "demo"'
    )


def test_groups_without_a_name_are_a_bad_request():
    with pytest.raises(StatusError) as caught:
        wanted_user([("Impersonate-Group", "bob")])
    assert caught.value.code == 400
    assert caught.value.message == (
        'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"bob"}, '
        "Extra:map[string][]string(nil)} without impersonating a user name"
    )


def test_the_old_verb_is_still_enough():
    rule = {"apiGroups": [""], "resources": ["users"], "verbs": ["impersonate"]}
    authorizer = rbac(role("r", rule), binding(ref("ClusterRole", "r"), user("jane")))
    assert impersonated(User("bob"), asked(), authorizer).name == "bob"
    with pytest.raises(StatusError):
        impersonated(User("bob", groups=("g",)), asked(), authorizer)
