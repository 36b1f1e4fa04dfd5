"""How pods compile for the plugins that look at ports, images and other pods."""

import pytest

from pykube_core.api.machinery.errors import InputError
from pykube_core.scheduler.placer.compile import compile_pod
from pykube_core.scheduler.placer.scheduler import Scheduler
from pykube_core.scheduler.policies import policy

HOSTNAME, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"


@pytest.fixture
def compiled():
    """Return a function from a Pod, and objects beside it, to its class and the context."""
    schedulers = {}

    def compile(spec, labels=None, objects=None, **metadata):
        # Numbers of matchers can be compared within one scheduler only.
        key = repr(objects)
        if key not in schedulers:
            schedulers[key] = Scheduler([], policy("default"), objects=objects)
        meta = {"name": "p", "namespace": "default", "labels": labels or {}, **metadata}
        return compile_pod({"metadata": meta, "spec": spec}, 0, schedulers[key].context)

    yield compile
    for scheduler in schedulers.values():
        scheduler.close()


def spread(**fields):
    constraint = {"maxSkew": 1, "topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule", **fields}
    return {"topologySpreadConstraints": [constraint]}


def test_ports_of_containers_and_sidecars_count_once(compiled):
    port = {"containerPort": 80, "hostPort": 8080}
    found = compiled(
        {
            "containers": [{"ports": [port, dict(port), {"containerPort": 1}]}],
            "initContainers": [
                {"ports": [{"hostPort": 1}]},
                {"ports": [{"hostPort": 2, "hostIP": "10.0.0.1"}], "restartPolicy": "Always"},
            ],
        }
    )
    assert [p.port for p in found.ports] == [2, 8080]
    assert found.ports[0].ip != found.ports[1].ip


def test_images_get_a_tag_and_init_containers_count(compiled):
    spec = {
        "containers": [{"image": "reg:5000/app"}, {"image": "app:latest"}, {}],
        "initContainers": [{"image": "app"}],
    }
    found = compiled(spec)
    assert found.container_count == 4
    assert len(found.images) == 3
    assert found.images[0] == found.images[2]


def test_an_empty_spread_selector_matches_the_pod_but_counts_nobody(compiled):
    (empty,) = compiled(spread(labelSelector={})).spread
    (nil,) = compiled(spread()).spread
    assert empty.self_match
    assert not nil.self_match
    assert (empty.hard, empty.min_domains) == (True, 1)


def test_match_label_keys_are_joined_to_the_selector_where_the_pod_has_them(compiled):
    selector = {"matchLabels": {"app": "web"}}
    labels = {"app": "web", "version": "2"}
    joined = compiled(spread(labelSelector=selector, matchLabelKeys=["version", "x"]), labels)
    merged = {"matchLabels": {"app": "web", "version": "2"}}
    assert joined == compiled(spread(labelSelector=merged), labels)
    assert joined != compiled(spread(labelSelector=selector), labels)


def test_inclusion_policies_default_to_honour_affinity_and_ignore_taints(compiled):
    (default,) = compiled(spread(labelSelector={})).spread
    assert (default.honor_affinity, default.honor_taints) == (True, False)
    (other,) = compiled(
        spread(labelSelector={}, nodeAffinityPolicy="Ignore", nodeTaintsPolicy="Honor")
    ).spread
    assert (other.honor_affinity, other.honor_taints) == (False, True)


def service(selector):
    return {"metadata": {"name": "s", "namespace": "default"}, "spec": {"selector": selector}}


def test_system_defaults_need_a_service_or_a_controller(compiled):
    labels = {"app": "web"}
    assert compiled({}, labels).spread == ()
    assert compiled({}, labels, {"services": [service({"app": "db"})]}).spread == ()
    assert compiled({}, labels, {"services": [service(None)]}).spread == ()
    found = compiled({}, labels, {"services": [service({"app": "web"})]})
    assert [(c.hard, c.max_skew, c.is_hostname) for c in found.spread] == [
        (False, 3, True),
        (False, 5, False),
    ]
    assert not found.spread_needs_all_keys


def test_a_controller_of_another_group_gives_no_defaults(compiled):
    selector = {"matchLabels": {"app": "web"}}
    objects = {
        "replicaSets": [
            {"metadata": {"name": "r", "namespace": "default"}, "spec": {"selector": selector}}
        ]
    }
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r", "controller": True}
    ours = compiled({}, {"app": "web"}, objects, ownerReferences=[owner])
    assert len(ours.spread) == 2
    for change in ({"apiVersion": "extensions/v1"}, {"controller": False}, {"name": "other"}):
        other = compiled({}, {"app": "web"}, objects, ownerReferences=[owner | change])
        assert other.spread == ()


def term(**fields):
    return {"topologyKey": ZONE, "labelSelector": {"matchLabels": {"app": "web"}}, **fields}


def affinity(kind, *terms):
    return {"affinity": {kind: {"requiredDuringSchedulingIgnoredDuringExecution": list(terms)}}}


def test_self_match_needs_every_term(compiled):
    other = term(labelSelector={"matchLabels": {"app": "db"}})
    labels = {"app": "web"}
    assert compiled(affinity("podAffinity", term()), labels).affinity_self_match
    assert not compiled(affinity("podAffinity", term(), other), labels).affinity_self_match
    elsewhere = term(namespaces=["other"])
    assert not compiled(affinity("podAffinity", elsewhere), labels).affinity_self_match
    assert not compiled({}, labels).affinity_self_match


def test_a_negative_namespace_selector_differs_between_the_two_sides(compiled):
    negative = {"matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]}
    (found,) = compiled(affinity("podAntiAffinity", term(namespaceSelector=negative))).anti_affinity
    assert found.matcher != found.held_matcher
    (plain,) = compiled(affinity("podAntiAffinity", term())).anti_affinity
    assert plain.matcher == plain.held_matcher


def test_preferred_anti_affinity_has_a_negative_weight(compiled):
    item = {"weight": 7, "podAffinityTerm": term()}
    both = {"preferredDuringSchedulingIgnoredDuringExecution": [item]}
    found = compiled({"affinity": {"podAffinity": both, "podAntiAffinity": both}})
    assert [t.weight for t in found.preferred_pods] == [7, -7]


def names_term(*names):
    fields = [{"key": "metadata.name", "operator": "In", "values": [name]} for name in names]
    return {"matchFields": fields}


def test_only_terms_that_all_name_nodes_narrow_the_search(compiled):
    def node_set(*terms):
        required = {"nodeSelectorTerms": list(terms)}
        key = "requiredDuringSchedulingIgnoredDuringExecution"
        return compiled({"affinity": {"nodeAffinity": {key: required}}}).node_set

    assert len(node_set(names_term("a"), names_term("b"))) == 2
    zone = {"matchExpressions": [{"key": ZONE, "operator": "Exists"}]}
    assert node_set(names_term("a"), zone) is None
    assert node_set(names_term("a", "b"), names_term("c")) is not None
    assert node_set() is None


def test_a_selector_that_cannot_be_read_names_the_pod(compiled):
    bad = term(labelSelector={"matchExpressions": [{"key": "a", "operator": "Gt"}]})
    with pytest.raises(InputError, match="Pod default/p"):
        compiled(affinity("podAffinity", bad))
