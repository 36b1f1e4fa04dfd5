import copy

import pytest

from pykube_core.api.builtin import SCHEDULED
from pykube_core.api.core import PODS
from pykube_core.api.core.pod.label_keys import merge_label_keys
from pykube_core.api.core.resource_lists import aggregate
from pykube_core.api.intake import Mode, complete, take_in
from pykube_core.api.machinery.decoding import decode
from pykube_core.api.machinery.quantity import parse_quantity
from pykube_core.api.scheduling.priority import PriorityError, resolve_priority


def completed(kind, obj):
    complete(SCHEDULED[kind], obj, Mode.SNAPSHOT)
    return obj


def container(name="c", requests=None, limits=None, **fields):
    resources = {"requests": requests, "limits": limits}
    return {"name": name, "image": "x", "resources": resources, **fields}


def defaulted(**spec):
    pod = {"metadata": {"name": "p", "labels": {"app": "web", "hash": "1"}}, "spec": spec}
    return completed("Pod", decode("core.v1.Pod", pod))


def resources_of(pod, index=0):
    return pod["spec"]["containers"][index]["resources"]


def test_requests_default_to_limits_key_by_key():
    pod = defaulted(
        containers=[container(requests={"cpu": "1"}, limits={"cpu": "2", "memory": "1Gi"})]
    )
    assert resources_of(pod)["requests"] == {"cpu": "1", "memory": "1Gi"}
    assert "requests" not in resources_of(defaulted(containers=[container()]))


def test_quantities_are_rounded_up_to_thousandths():
    pod = defaulted(containers=[container(requests={"cpu": "500u", "memory": "0.0001"})])
    assert resources_of(pod)["requests"] == {"cpu": "1m", "memory": "1m"}


def test_ports_default_to_tcp_and_to_the_host_on_the_hosts_network():
    ports = [{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP", "hostPort": 54}]
    plain = defaulted(containers=[container(ports=ports)])
    assert plain["spec"]["containers"][0]["ports"][0] == {"containerPort": 80, "protocol": "TCP"}
    host = defaulted(hostNetwork=True, containers=[container(ports=ports)])
    assert [port["hostPort"] for port in host["spec"]["containers"][0]["ports"]] == [80, 54]


def test_pod_level_requests_come_from_containers_and_then_from_limits():
    spec = {
        "containers": [container("a", {"cpu": "1"}), container("b", {"cpu": "500m"})],
        "resources": {"limits": {"cpu": "4", "memory": "8Gi"}},
    }
    assert defaulted(**spec)["spec"]["resources"]["requests"] == {"cpu": "1500m", "memory": "8Gi"}
    spec["resources"] = {"requests": {"cpu": "3"}}
    assert defaulted(**spec)["spec"]["resources"] == {"requests": {"cpu": "3"}}


def test_label_keys_are_merged_once_into_the_selectors_beside_them():
    term = {
        "topologyKey": "zone",
        "labelSelector": {"matchLabels": {"app": "web"}},
        "matchLabelKeys": ["hash", "absent"],
        "mismatchLabelKeys": ["app"],
    }
    preferred = [{"weight": 1, "podAffinityTerm": term}]
    affinity = {"podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}
    pod = defaulted(containers=[container()], affinity=affinity)
    merge_label_keys(pod)
    merge_label_keys(pod)
    (weighted,) = pod["spec"]["affinity"]["podAffinity"][
        "preferredDuringSchedulingIgnoredDuringExecution"
    ]
    assert weighted["podAffinityTerm"]["labelSelector"]["matchExpressions"] == [
        {"key": "hash", "operator": "In", "values": ["1"]},
        {"key": "app", "operator": "NotIn", "values": ["web"]},
    ]


def test_defaults_set_again_change_nothing():
    spread = {
        "maxSkew": 1,
        "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {},
        "matchLabelKeys": ["hash"],
    }
    pod = defaulted(
        containers=[container(limits={"cpu": "1", "hugepages-2Mi": "2Mi"})],
        resources={"limits": {"cpu": "2"}},
        topologySpreadConstraints=[spread],
    )
    again = completed("Pod", copy.deepcopy(pod))
    assert again == pod
    admitted = take_in(PODS, again, Mode.HANDWRITTEN)
    assert take_in(PODS, admitted, Mode.HANDWRITTEN) == admitted


def test_other_kinds_get_what_scheduling_reads():
    node = completed("Node", {"status": {"capacity": {"cpu": "1500u"}}})
    assert node["status"]["allocatable"] == {"cpu": "2m"}
    namespace = completed("Namespace", {"metadata": {"name": "a"}})
    assert namespace["metadata"]["labels"] == {"kubernetes.io/metadata.name": "a"}
    assert completed("StorageClass", {})["volumeBindingMode"] == "Immediate"
    assert completed("Service", {"spec": {}}) == {"spec": {}}


def test_worst_moment_of_a_pod_counts_sidecars_and_init_containers():
    spec = {
        "containers": [container("a", {"cpu": "1"})],
        "initContainers": [
            container("i", {"cpu": "2"}),
            container("s", {"cpu": "500m"}, restartPolicy="Always"),
            container("j", {"cpu": "3", "memory": "1Gi"}),
        ],
    }
    assert aggregate(spec) == {"cpu": parse_quantity("3500m"), "memory": parse_quantity("1Gi")}


CLASSES = [
    {"metadata": {"name": "high"}, "value": 1000, "preemptionPolicy": "Never"},
    {"metadata": {"name": "usual"}, "value": 10, "globalDefault": True},
    {"metadata": {"name": "other"}, "value": 20, "globalDefault": True},
]


@pytest.mark.parametrize(
    ("spec", "classes", "priority", "policy"),
    [
        ({"priorityClassName": "high"}, CLASSES, 1000, "Never"),
        ({}, CLASSES, 10, "PreemptLowerPriority"),
        ({}, [], 0, "PreemptLowerPriority"),
        ({"priority": 1000, "priorityClassName": "high"}, CLASSES, 1000, "Never"),
        ({"priorityClassName": "system-node-critical"}, [], 2000001000, "PreemptLowerPriority"),
    ],
)
def test_priority_comes_from_the_class(spec, classes, priority, policy):
    pod = {"spec": dict(spec)}
    resolve_priority(pod, classes)
    assert (pod["spec"]["priority"], pod["spec"]["preemptionPolicy"]) == (priority, policy)


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({"priorityClassName": "none"}, "no PriorityClass with name none was found"),
        (
            {"priority": 5},
            "the integer value of priority (5) must not be provided in pod spec; priority "
            "admission controller computed 10 from the given PriorityClass name",
        ),
        (
            {"priorityClassName": "high", "preemptionPolicy": "PreemptLowerPriority"},
            "the string value of PreemptionPolicy (PreemptLowerPriority) must not be provided in "
            "pod spec; priority admission controller computed Never from the given PriorityClass "
            "name",
        ),
    ],
)
def test_priority_that_contradicts_its_class_is_refused(spec, text):
    with pytest.raises(PriorityError) as error:
        resolve_priority({"spec": spec}, CLASSES)
    assert str(error.value) == text
