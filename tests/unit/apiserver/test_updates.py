"""What may change of an object, and in which words the rest is refused."""

import pytest

from pykube_core.api.apps import DAEMON_SETS, DEPLOYMENTS, REPLICA_SETS
from pykube_core.api.core import CONFIG_MAPS, NAMESPACES, NODES, PODS
from pykube_core.api.machinery.status import StatusError
from pykube_core.api.scheduling import PRIORITY_CLASSES

COST = "controller.kubernetes.io/pod-deletion-cost"
OWN = {"key": "k", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 100}
TERM = {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def pod(name="p", annotations=None, **spec):
    containers = [{"name": "c", "image": "i:1"}]
    metadata = {"name": name} | ({"annotations": annotations} if annotations else {})
    return {"metadata": metadata, "spec": {"containers": containers} | spec}


def workload(**template):
    labels = {"app": "web"}
    return {
        "metadata": {"name": "w"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels} | template,
                "spec": {"containers": [{"name": "c", "image": "i"}]},
            },
        },
    }


def changed(server, resource, name, change, subresource=""):
    """Return the object after a change, or the message of its refusal."""
    namespace = "default" if resource.namespaced else ""
    obj = server.get(resource, name, namespace).decode()
    change(obj)
    try:
        return server.update(resource, obj, name, namespace, subresource=subresource).decode()
    except StatusError as error:
        return error.message


def on_spec(change):
    return lambda obj: change(obj["spec"])


@pytest.mark.parametrize("value", ["1.5", "+5", "05", "abc", "99999999999", "", "-", " 1"])
def test_a_deletion_cost_that_is_no_number_is_refused(server, value):
    message = f'Invalid value: "{value}": must be a 32bit integer'
    with pytest.raises(StatusError) as error:
        server.create(PODS, pod(annotations={COST: value}), "default")
    assert error.value.message == f'Pod "p" is invalid: metadata.annotations[{COST}]: {message}'
    for resource in (DEPLOYMENTS, REPLICA_SETS, DAEMON_SETS):
        with pytest.raises(StatusError) as error:
            server.create(resource, workload(annotations={COST: value}), "default")
        assert f"spec.template.annotations[{COST}]: {message}" in error.value.message
    server.create(PODS, pod(), "default")
    metadata = {"annotations": {COST: value}}
    refused = changed(server, PODS, "p", lambda obj: obj["metadata"].update(metadata))
    assert refused == f'Pod "p" is invalid: metadata.annotations[{COST}]: {message}'


@pytest.mark.parametrize("value", ["0", "-3", "2147483647", "-2147483648", "-03"])
def test_a_deletion_cost_of_32_bits_is_taken(server, value):
    assert server.create(PODS, pod(annotations={COST: value}), "default").revision


def test_seconds_of_a_toleration_may_change_and_nothing_else_of_it(server):
    server.create(PODS, pod(tolerations=[OWN]), "default")
    for seconds in (10, 1000, None):

        def set_seconds(spec, seconds=seconds):
            spec["tolerations"][0]["tolerationSeconds"] = seconds

        assert isinstance(changed(server, PODS, "p", on_spec(set_seconds)), dict)
    refused = changed(server, PODS, "p", on_spec(lambda s: s["tolerations"][0].update(key="l")))
    assert refused == (
        'Pod "p" is invalid: spec.tolerations: Forbidden: existing toleration can not be modified '
        "except its tolerationSeconds"
    )
    more = changed(
        server, PODS, "p", on_spec(lambda s: s["tolerations"].append(OWN | {"key": "m"}))
    )
    assert more["metadata"]["generation"] == 5


def test_tolerations_that_admission_added_come_back(server):
    held = server.create(PODS, pod(), "default")
    patch = {"spec": {"tolerations": None, "priority": None}}
    assert server.patch(PODS, patch, "p", "default").revision == held.revision


def test_a_pod_may_change_images_and_bring_its_deadline_nearer(server):
    server.create(PODS, pod(initContainers=[{"name": "i", "image": "i"}]), "default")

    def images(spec):
        spec["containers"][0]["image"] = spec["initContainers"][0]["image"] = "j"

    assert changed(server, PODS, "p", on_spec(images))["spec"]["containers"][0]["image"] == "j"
    deadline = "spec.activeDeadlineSeconds"

    def to(seconds):
        return changed(
            server, PODS, "p", on_spec(lambda s: s.update(activeDeadlineSeconds=seconds))
        )

    ranges = "must be between {} and 2147483647, inclusive"
    for least in (1, 0):  # Of any pod, and of a change.
        text = f"{deadline}: Invalid value: 2147483648: {ranges.format(least)}"
        assert text in to(2**31)
    assert isinstance(to(100), dict)
    assert isinstance(to(50), dict)
    assert to(60) == (
        f'Pod "p" is invalid: {deadline}: Invalid value: 60: must be less than or equal to '
        "previous value"
    )
    assert to(None) == (
        f'Pod "p" is invalid: {deadline}: Invalid value: null: must not update from a positive '
        "integer to nil value"
    )


def test_other_changes_of_a_pod_are_refused_with_what_differs(server):
    server.create(PODS, pod(), "default")
    refused = changed(server, PODS, "p", on_spec(lambda s: s.update(hostNetwork=True)))
    assert refused == (
        'Pod "p" is invalid: spec: Forbidden: pod updates may not change fields other than '
        "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
        "`spec.tolerations` (only additions to existing tolerations),"
        "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously "
        "negative)\n"
        "@@ -11,6 +11,7 @@\n"
        "  ],\n"
        '  "dnsPolicy": "ClusterFirst",\n'
        '  "enableServiceLinks": true,\n'
        '+ "hostNetwork": true,\n'
        '  "preemptionPolicy": "PreemptLowerPriority",\n'
        '  "priority": 0,\n'
        '  "restartPolicy": "Always",\n'
    )
    for field, value in (("priority", 7), ("priorityClassName", "x"), ("nodeName", "n")):
        refused = changed(
            server, PODS, "p", lambda obj, f=field, v=value: obj["spec"].update({f: v})
        )
        assert "pod updates may not change fields other than" in refused
    both = changed(server, PODS, "p", on_spec(lambda s: s["containers"].append({"name": "d"})))
    assert "spec.containers: Forbidden: pod updates may not add or remove containers" in both


def test_an_image_cannot_be_taken_from_a_pod(server):
    server.create(PODS, pod(), "default")
    refused = changed(server, PODS, "p", on_spec(lambda s: s["containers"][0].update(image=" i")))
    assert "spec.containers[0].image: Invalid value" in refused
    assert "must not have leading or trailing whitespace" in refused


def test_gates_may_go_and_not_come(server):
    server.create(PODS, pod(schedulingGates=[{"name": "a"}, {"name": "b"}]), "default")
    added = changed(
        server, PODS, "p", on_spec(lambda s: s["schedulingGates"].append({"name": "z"}))
    )
    assert added == (
        'Pod "p" is invalid: spec.schedulingGates[2].name: Forbidden: only deletion is allowed, '
        "but found new scheduling gate 'z'"
    )
    gone = changed(server, PODS, "p", on_spec(lambda s: s.pop("schedulingGates")))
    assert "schedulingGates" not in gone["spec"]


def affinity(*terms, **more):
    return {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": list(terms)}}} | more


def test_a_gated_pod_may_become_narrower_alone(server):
    spec = {"schedulingGates": [{"name": "a"}], "nodeSelector": {"a": "b"}}
    server.create(PODS, pod(**spec, affinity=affinity(TERM)), "default")
    wider = changed(server, PODS, "p", on_spec(lambda s: s.update(nodeSelector={"c": "d"})))
    assert wider == (
        'Pod "p" is invalid: spec.nodeSelector: Invalid value: {"c":"d"}: only additions to '
        "spec.nodeSelector are allowed (no mutations or deletions)"
    )
    path = f"spec.affinity.nodeAffinity.{REQUIRED}.nodeSelectorTerms"
    other = {"matchExpressions": [{"key": "zone", "operator": "Exists"}]}
    text = (
        '{"MatchExpressions":[{"Key":"zone","Operator":"Exists","Values":null}],"MatchFields":null}'
    )
    assert changed(server, PODS, "p", on_spec(lambda s: s.update(affinity=affinity(other)))) == (
        f'Pod "p" is invalid: {path}[0]: Invalid value: {text}: only additions are allowed '
        "(no mutations or deletions)"
    )
    more = changed(server, PODS, "p", on_spec(lambda s: s.update(affinity=affinity(TERM, TERM))))
    assert f"{path}: Invalid value: [" in more
    assert "no additions/deletions to non-empty NodeSelectorTerms list are allowed" in more
    anti = affinity(TERM, podAntiAffinity={REQUIRED: [{"topologyKey": "zone"}]})
    assert "pod updates may not change" in changed(
        server, PODS, "p", on_spec(lambda s: s.update(affinity=anti))
    )
    narrower = {"matchExpressions": TERM["matchExpressions"] + other["matchExpressions"]}

    def narrow(spec):
        spec["nodeSelector"]["c"] = "d"
        spec["affinity"] = affinity(narrower)

    assert changed(server, PODS, "p", on_spec(narrow))["metadata"]["generation"] == 2
    server.create(PODS, pod("free"), "default")
    assert "pod updates may not change" in changed(
        server, PODS, "free", on_spec(lambda s: s.update(nodeSelector={"c": "d"}))
    )


def test_a_pod_that_had_no_affinity_may_get_some_of_its_node_while_gated(server):
    server.create(PODS, pod(schedulingGates=[{"name": "a"}]), "default")
    got = changed(server, PODS, "p", on_spec(lambda s: s.update(affinity=affinity(TERM))))
    assert got["spec"]["affinity"] == affinity(TERM)


def test_annotations_that_a_kubelet_has_acted_on_stay(server):
    mirror = "kubernetes.io/config.mirror"
    armor = "container.apparmor.security.beta.kubernetes.io/c"
    server.create(PODS, pod(), "default")
    for key, what in ((mirror, "mirror pod annotation"), (armor, "AppArmor annotations")):
        added = changed(
            server, PODS, "p", lambda obj, k=key: obj["metadata"].update(annotations={k: "x"})
        )
        assert f"metadata.annotations[{key}]: Forbidden: may not add {what}" in added
    server.create(PODS, pod("q", {armor: "unconfined"}), "default")
    gone = changed(server, PODS, "q", lambda obj: obj["metadata"].pop("annotations"))
    assert f"metadata.annotations[{armor}]: Forbidden: may not remove or update AppArmor" in gone
    for key, profile, why in (
        (armor, "x", 'invalid AppArmor profile name: \\"x\\"'),
        (armor[:-1] + "d", "unconfined", "container not found"),
    ):
        with pytest.raises(StatusError) as error:
            server.create(PODS, pod("r", {key: profile}), "default")
        assert why.replace("\\", "") in error.value.message


def test_a_negative_grace_period_is_one_second(server):
    created = server.create(PODS, pod(terminationGracePeriodSeconds=-5), "default").decode()
    assert created["spec"]["terminationGracePeriodSeconds"] == 1


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ({"qosClass": "Guaranteed"},
         'status.qosClass: Invalid value: "Guaranteed": field is immutable'),
        ({"nominatedNodeName": "A_"}, 'status.nominatedNodeName: Invalid value: "A_"'),
        ({"observedGeneration": -1},
         "status.observedGeneration: Invalid value: -1: must be a non-negative integer"),
        ({"conditions": [{"type": "a b", "status": "True"}]},
         'status.conditions[0].Type: Invalid value: "a b"'),
        ({"podIPs": [{"ip": "x"}]},
         'status.podIPs[0]: Invalid value: "x": must be a valid IP address, '
         "(e.g. 10.9.8.7 or 2001:db8::ffff)"),
        ({"podIPs": [{"ip": "1.1.1.1"}, {"ip": "1.1.1.2"}]},
         'status.podIPs: Invalid value: [{"IP":"1.1.1.1"},{"IP":"1.1.1.2"}]: may specify no more '
         "than one IP for each IP family"),
        ({"hostIP": "1.1.1.1", "hostIPs": [{"ip": "1.1.1.2"}]},
         'status.hostIPs[0].ip: Invalid value: "1.1.1.2": must be equal to `hostIP`'),
    ],
)  # fmt: skip
def test_a_status_that_a_pod_cannot_have_is_refused(server, status, message):
    server.create(PODS, pod(), "default")
    refused = changed(server, PODS, "p", lambda obj: obj.update(status=status), "status")
    assert message in refused


def test_what_a_status_forgets_is_kept(server):
    server.create(PODS, pod(), "default")
    condition = {"type": "Ready", "status": "False", "observedGeneration": 1}
    status = {"phase": "Running", "observedGeneration": 1, "conditions": [condition]}
    changed(server, PODS, "p", lambda obj: obj.update(status=status), "status")
    bare = {"podIP": "1.1.1.1", "conditions": [{"type": "Ready", "status": "True"}]}
    after = changed(server, PODS, "p", lambda obj: obj.update(status=bare), "status")["status"]
    assert (after["qosClass"], after["observedGeneration"]) == ("BestEffort", 1)
    assert after["conditions"][0]["observedGeneration"] == 1
    assert after["podIPs"] == [{"ip": "1.1.1.1"}]


def test_a_container_that_has_ended_for_good_does_not_run_again(server):
    server.create(PODS, pod(restartPolicy="Never"), "default")
    ended = {"name": "c", "state": {"terminated": {"exitCode": 1}}}
    status = {"containerStatuses": [ended]}
    changed(server, PODS, "p", lambda obj: obj.update(status=status), "status")
    runs = {"containerStatuses": [{"name": "c", "state": {"running": {}}}]}
    refused = changed(server, PODS, "p", lambda obj: obj.update(status=runs), "status")
    assert refused == (
        'Pod "p" is invalid: status.containerStatuses[0].state: Forbidden: may not be transitioned '
        "to non-terminated state"
    )


def test_a_bound_pod_gets_no_nomination(server):
    server.create(PODS, pod(), "default")
    server.bind("p", "default", "n1")
    nominated = {"nominatedNodeName": "n2"}
    refused = changed(server, PODS, "p", lambda obj: obj["status"].update(nominated), "status")
    assert "may not be set on pods that are already bound to a node" in refused


def test_a_node_keeps_its_range_and_its_machine(server):
    spec = {"podCIDR": "10.0.0.0/24", "providerID": "x://1"}
    server.create(NODES, {"metadata": {"name": "n"}, "spec": spec})
    other = {"podCIDR": "10.1.0.0/24", "podCIDRs": ["10.1.0.0/24"]}
    refused = changed(server, NODES, "n", lambda obj: obj["spec"].update(other))
    text = 'node updates may not change podCIDR except from "" to valid'
    assert refused == f'Node "n" is invalid: spec.podCIDRs: Forbidden: {text}'
    refused = changed(server, NODES, "n", lambda obj: obj["spec"].update(providerID="x://2"))
    text = 'node updates may not change providerID except from "" to valid'
    assert refused == f'Node "n" is invalid: spec.providerID: Forbidden: {text}'
    with pytest.raises(StatusError) as error:
        server.create(NODES, {"metadata": {"name": "m"}, "spec": {"podCIDR": "zz"}})
    assert error.value.message == (
        'Node "m" is invalid: spec.podCIDRs[0]: Invalid value: "zz": must be a valid CIDR value, '
        "(e.g. 10.9.8.0/24 or 2001:db8::/64)"
    )
    twice = {"addresses": [{"type": "InternalIP", "address": "1.1.1.1"}] * 2}
    refused = changed(server, NODES, "n", lambda obj: obj.update(status=twice), "status")
    shown = '{"Type":"InternalIP","Address":"1.1.1.1"}'
    assert refused == f'Node "n" is invalid: status.addresses[1]: Duplicate value: {shown}'


def test_a_namespace_has_the_phase_and_finalizers_that_it_can_have(server):
    server.create(NAMESPACES, {"metadata": {"name": "n"}})
    refused = changed(server, NAMESPACES, "n", lambda obj: obj.update(status={}), "status")
    assert refused == (
        'Namespace "n" is invalid: status.Phase: Invalid value: "": may only be \'Active\' if '
        "`deletionTimestamp` is empty"
    )
    spec = {"finalizers": ["mine"]}
    refused = changed(server, NAMESPACES, "n", lambda obj: obj.update(spec=spec), "finalize")
    assert refused == (
        'Namespace "n" is invalid: spec.finalizers[0]: Invalid value: "mine": name is neither a '
        "standard finalizer name nor is it fully qualified"
    )


@pytest.mark.parametrize("resource", [DEPLOYMENTS, REPLICA_SETS, DAEMON_SETS])
def test_a_workload_keeps_its_selector_and_counts_that_can_be(server, resource):
    server.create(resource, workload(), "default")

    def select(spec):
        spec["selector"]["matchLabels"]["b"] = "c"
        spec["template"]["metadata"]["labels"]["b"] = "c"

    text = 'spec.selector: Invalid value: {"matchLabels":{"app":"web","b":"c"}}: field is immutable'
    assert text in changed(server, resource, "w", on_spec(select))
    field = "numberReady" if resource is DAEMON_SETS else "readyReplicas"
    refused = changed(
        server, resource, "w", lambda obj: obj["status"].update({field: -1}), "status"
    )
    negative = "must be greater than or equal to 0"
    assert f"status.{field}: Invalid value: -1: {negative}" in refused
    if resource is not DAEMON_SETS:
        refused = changed(
            server, resource, "w", lambda obj: obj["status"].update({field: 2}), "status"
        )
        text = f"status.{field}: Invalid value: 2: cannot be greater than status.replicas"
        assert text in refused


def test_a_daemon_set_counts_the_changes_of_its_template(server):
    key = "deprecated.daemonset.template.generation"
    server.create(DAEMON_SETS, workload(), "default")

    def image(spec):
        spec["template"]["spec"]["containers"][0]["image"] = "j"

    assert (
        changed(server, DAEMON_SETS, "w", lambda obj: None)["metadata"]["annotations"][key] == "1"
    )
    after = changed(server, DAEMON_SETS, "w", on_spec(image))
    assert after["metadata"]["annotations"][key] == "2"
    other = changed(server, DAEMON_SETS, "w", on_spec(lambda s: s.update(minReadySeconds=3)))
    assert other["metadata"]["annotations"][key] == "2"


@pytest.mark.parametrize(
    ("rolling", "message"),
    [
        ({"maxSurge": 1},
         "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when "
         "maxUnavailable is non-zero"),
        ({"maxUnavailable": 0},
         "spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when "
         "maxSurge is 0"),
        ({"maxUnavailable": 0, "maxSurge": "200%"}, "must not be greater than 100%"),
    ],
)  # fmt: skip
def test_a_daemon_set_replaces_with_some_missing_or_some_twice(server, rolling, message):
    daemon_set = workload()
    daemon_set["spec"]["updateStrategy"] = {"rollingUpdate": rolling}
    with pytest.raises(StatusError) as error:
        server.create(DAEMON_SETS, daemon_set, "default")
    assert message in error.value.message


def test_a_deployment_may_surge_beyond_its_size(server):
    deployment = workload()
    deployment["spec"]["strategy"] = {"rollingUpdate": {"maxSurge": "200%"}}
    assert server.create(DEPLOYMENTS, deployment, "default").revision
    deployment["spec"]["strategy"] = {"type": "Sideways"}
    with pytest.raises(StatusError) as error:
        server.update(DEPLOYMENTS, deployment, "w", "default")
    assert error.value.message == (
        'Deployment.apps "w" is invalid: spec.strategy: Unsupported value: '
        '{"Type":"Sideways","RollingUpdate":null}: supported values: "Recreate", "RollingUpdate"'
    )


def test_one_priority_class_is_the_default(server):
    one = {"metadata": {"name": "one"}, "value": 1, "globalDefault": True}
    server.create(PRIORITY_CLASSES, one)
    two = {"metadata": {"name": "two"}, "value": 2}
    text = "PriorityClass one is already marked as default. Only one default can exist"
    with pytest.raises(StatusError) as error:
        server.create(PRIORITY_CLASSES, two | {"globalDefault": True})
    assert (error.value.code, error.value.message) == (
        403,
        f'priorityclasses.scheduling.k8s.io "two" is forbidden: {text}',
    )
    server.create(PRIORITY_CLASSES, two)
    with pytest.raises(StatusError, match="already marked as default"):
        server.patch(PRIORITY_CLASSES, {"globalDefault": True}, "two")
    labelled = server.patch(PRIORITY_CLASSES, {"metadata": {"labels": {"a": "b"}}}, "one")
    assert labelled.decode()["globalDefault"] is True


def test_a_finalizer_has_a_domain_or_is_kubernetes_own(server):
    for finalizers, text in (
        (["x"], "metadata.finalizers[0]: Invalid value"),
        (["orphan", "foregroundDeletion"], "cannot be both set"),
    ):
        config_map = {"metadata": {"name": "c", "finalizers": finalizers}}
        with pytest.raises(StatusError) as error:
            server.create(CONFIG_MAPS, config_map, "default")
        assert text in error.value.message
