# ruff: noqa: E501  (the texts are Kubernetes' own)
import copy
import time

import pytest

from pykube_core.api.builtin import SCHEDULED
from pykube_core.api.intake import Mode, complete, take_in
from pykube_core.api.machinery.errors import InputError

LABEL = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
SOME = {"matchLabels": {"app": "web"}}


def admit(kind, obj):
    return take_in(SCHEDULED[kind], obj, Mode.HANDWRITTEN)


def pod(name="web", *, metadata=None, container=None, **spec):
    main = {"name": "main", "image": "web:1"} | (container or {})
    meta = {"name": name, "namespace": "shop", "labels": {"app": "web"}} | (metadata or {})
    return {"metadata": meta, "spec": {"containers": [main]} | spec}


def requests(limits=None, **amounts):
    resources = {"requests": {key.replace("_", "-"): value for key, value in amounts.items()}}
    return {"resources": resources | ({"limits": limits} if limits else {})}


def spread(**fields):
    constraint = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
    return {"labelSelector": SOME} | constraint | fields


def node_terms(*expressions, fields=()):
    term = {"matchExpressions": list(expressions), "matchFields": list(fields)}
    return {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [term]}}}


def expression(key, operator, *values):
    return {"key": key, "operator": operator, "values": list(values)}


def pod_terms(**fields):
    return {"podAffinity": {REQUIRED: [{"topologyKey": "zone", "labelSelector": SOME} | fields]}}


NODE_TERM = f"spec.affinity.nodeAffinity.{REQUIRED}.nodeSelectorTerms[0]"
POD_TERM = f"spec.affinity.podAffinity.{REQUIRED}[0]"
CONTAINER = "spec.containers[0]"
SPREAD = "spec.topologySpreadConstraints[0]"

BAD_PODS = [
    (pod("BAD_name"), f'metadata.name: Invalid value: "BAD_name": {SUBDOMAIN}'),
    (pod(metadata={"labels": {"a b": "c"}}), f'metadata.labels: Invalid value: "a b": name part {LABEL}'),
    (pod(metadata={"labels": {"a/b/c": ""}}), f'metadata.labels: Invalid value: "a/b/c": a qualified name {LABEL} with an optional DNS subdomain prefix and \'/\' (e.g. \'example.com/MyName\')'),
    (pod(metadata={"labels": {"a": "x" * 64}}), f'metadata.labels: Invalid value: "{"x" * 64}": must be no more than 63 characters'),
    (pod(containers=[]), "spec.containers: Required value"),
    (pod(container={"image": ""}), f"{CONTAINER}.image: Required value"),
    (pod(containers=[{"name": "a", "image": "x"}] * 2), 'spec.containers[1].name: Duplicate value: "a"'),
    (pod(container=requests(cpu="-1")), f'{CONTAINER}.resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0'),
    (pod(container=requests(cpu="2", limits={"cpu": "1"})), f'{CONTAINER}.resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'),
    (pod(container=requests(gpus="1")), f'[{CONTAINER}.resources.requests[gpus]: Invalid value: "gpus": must be a standard resource type or fully qualified, {CONTAINER}.resources.requests[gpus]: Invalid value: "gpus": must be a standard resource for containers]'),
    (pod(container={"resources": {"limits": {"a.com/gpu": "1500m"}}}), f'[{CONTAINER}.resources.limits[a.com/gpu]: Invalid value: "1500m": must be an integer, {CONTAINER}.resources.requests[a.com/gpu]: Invalid value: "1500m": must be an integer]'),
    (pod(container={"resources": {"requests": {"a.com/gpu": "1"}}}), f"{CONTAINER}.resources.limits: Required value: Limit must be set for non overcommitable resources"),
    (pod(container={"resources": {"requests": {"a.com/gpu": "1"}, "limits": {"a.com/gpu": "2"}}}), f'{CONTAINER}.resources.requests: Invalid value: "1": must be equal to a.com/gpu limit of 2'),
    (pod(container={"resources": {"limits": {"cpu": "1", "hugepages-2Mi": "3Mi"}}}), f'[{CONTAINER}.resources.limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi, {CONTAINER}.resources.requests[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi]'),
    (pod(container={"resources": {"limits": {"hugepages-2Mi": "2Mi"}}}), f"{CONTAINER}.resources: Forbidden: HugePages require cpu or memory"),
    (pod(overhead={"cpu": "-1m"}), 'spec.overhead.limits[cpu]: Invalid value: "-1m": must be greater than or equal to 0'),
    (pod(resources={"requests": {"a.com/gpu": "1"}}), '[spec.resources.requests[a.com/gpu]: Unsupported value: "a.com/gpu": supported values: "cpu", "hugepages-", "memory", spec.resources.limits: Required value: Limit must be set for non overcommitable resources]'),
    (pod(container=requests(cpu="2"), resources={"requests": {"cpu": "1"}}), 'spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 2'),
    (pod(container={"ports": [{"containerPort": 70000}]}), f"{CONTAINER}.ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive"),
    (pod(container={"ports": [{"containerPort": 80, "protocol": "ICMP"}]}), f'{CONTAINER}.ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"'),
    (pod(container={"ports": [{"containerPort": 80, "hostPort": 80}, {"containerPort": 81, "hostPort": 80}]}), f'{CONTAINER}.ports[1].hostPort: Duplicate value: "TCP//80"'),
    (pod(hostNetwork=True, container={"ports": [{"containerPort": 80, "hostPort": 81}]}), f"{CONTAINER}.ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true"),
    (pod(initContainers=[{"name": "i", "image": "x", "restartPolicy": "Never"}]), 'spec.initContainers[0].restartPolicy: Unsupported value: "Never": supported values: "Always"'),
    (pod(restartPolicy="Sometimes"), 'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"'),
    (pod(preemptionPolicy="Maybe"), 'spec.preemptionPolicy: Unsupported value: "Maybe": supported values: "PreemptLowerPriority", "Never"'),
    (pod(affinity={"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": []}}}), f"spec.affinity.nodeAffinity.{REQUIRED}.nodeSelectorTerms: Required value: must have at least one node selector term"),
    (pod(affinity=node_terms(expression("k", "Near", "a"))), f'{NODE_TERM}.matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator'),
    (pod(affinity=node_terms(expression("k", "In"))), f"{NODE_TERM}.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'"),
    (pod(affinity=node_terms(expression("k", "Exists", "a"))), f"{NODE_TERM}.matchExpressions[0].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
    (pod(affinity=node_terms(expression("k", "Gt", "1", "2"))), f"{NODE_TERM}.matchExpressions[0].values: Required value: must be specified single value when `operator` is 'Lt' or 'Gt'"),
    (pod(affinity=node_terms(fields=[expression("spec.x", "In", "n")])), f'{NODE_TERM}.matchFields[0].key: Invalid value: "spec.x": not a valid field selector key'),
    (pod(affinity=node_terms(fields=[expression("metadata.name", "In", "a", "b")])), f"{NODE_TERM}.matchFields[0].values: Required value: must be only one value when `operator` is 'In' or 'NotIn' for node field selector"),
    (pod(affinity={"nodeAffinity": {PREFERRED: [{"weight": 101, "preference": {}}]}}), f"spec.affinity.nodeAffinity.{PREFERRED}[0].weight: Invalid value: 101: must be in the range 1-100"),
    (pod(affinity=pod_terms(topologyKey="")), f'[{POD_TERM}.topologyKey: Required value: can not be empty, {POD_TERM}.topologyKey: Invalid value: "": name part must be non-empty, {POD_TERM}.topologyKey: Invalid value: "": name part {LABEL}]'),
    (pod(affinity=pod_terms(labelSelector={"matchExpressions": [expression("k", "Gt", "1")]})), f'{POD_TERM}.labelSelector.matchExpressions[0].operator: Invalid value: "Gt": not a valid selector operator'),
    (pod(affinity=pod_terms(matchLabelKeys=["app"])), f'{POD_TERM[:-3]}[0][0]: Invalid value: "app": exists in both matchLabelKeys and labelSelector'),
    (pod(affinity=pod_terms(labelSelector=None, matchLabelKeys=["app"])), f"{POD_TERM}.matchLabelKeys: Forbidden: must not be specified when labelSelector is not set"),
    (pod(topologySpreadConstraints=[spread(maxSkew=0)]), f"{SPREAD}.maxSkew: Invalid value: 0: must be greater than zero"),
    (pod(topologySpreadConstraints=[spread(topologyKey="")]), f"{SPREAD}.topologyKey: Required value: can not be empty"),
    (pod(topologySpreadConstraints=[spread(whenUnsatisfiable="Wait")]), f'{SPREAD}.whenUnsatisfiable: Unsupported value: "Wait": supported values: "DoNotSchedule", "ScheduleAnyway"'),
    (pod(topologySpreadConstraints=[spread(whenUnsatisfiable="ScheduleAnyway", minDomains=2)]), f"{SPREAD}.minDomains: Invalid value: 2: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway"),
    (pod(topologySpreadConstraints=[spread(), spread(maxSkew=2)]), f'{SPREAD}.{{topologyKey, whenUnsatisfiable}}: Duplicate value: "{{zone, DoNotSchedule}}"'),
    (pod(topologySpreadConstraints=[spread(nodeTaintsPolicy="No")]), f'{SPREAD}.nodeTaintsPolicy: Unsupported value: "No": supported values: "Honor", "Ignore"'),
    (pod(topologySpreadConstraints=[spread(matchLabelKeys=["app"])]), f'{SPREAD}.matchLabelKeys[0]: Invalid value: "app": exists in both matchLabelKeys and labelSelector'),
    (pod(tolerations=[{"operator": "Equal", "value": "a"}]), 'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"'),
    (pod(tolerations=[{"key": "k", "operator": "Exists", "value": "a"}]), "spec.tolerations[0].operator: Invalid value: \"a\": value must be empty when `operator` is 'Exists'"),
    (pod(tolerations=[{"key": "k", "operator": "Near"}]), 'spec.tolerations[0].operator: Unsupported value: "Near": supported values: "Equal", "Exists"'),
    (pod(tolerations=[{"key": "k", "effect": "Never"}]), 'spec.tolerations[0].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"'),
    (pod(tolerations=[{"key": "k", "tolerationSeconds": 5}]), "spec.tolerations[0].effect: Invalid value: \"\": effect must be 'NoExecute' when `tolerationSeconds` is set"),
    (pod(schedulingGates=[{"name": "a"}, {"name": "a"}]), 'spec.schedulingGates[1]: Duplicate value: "a"'),
    (pod(schedulingGates=[{"name": "a"}], nodeName="n"), "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"),
    (pod(volumes=[{"name": "v"}]), "spec.volumes[0]: Required value: must specify a volume type"),
    (pod(volumes=[{"name": "v", "persistentVolumeClaim": {}}]), "spec.volumes[0].persistentVolumeClaim.claimName: Required value"),
    (pod(volumes=[{"name": "v", "emptyDir": {}, "hostPath": {"path": "/"}}]), "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type"),
    (pod(volumes=[{"name": "v", "ephemeral": {}}, {"name": "w", "persistentVolumeClaim": {"claimName": "web-v"}}]), '[spec.volumes[0].ephemeral.volumeClaimTemplate: Required value, spec.volumes[1].persistentVolumeClaim.claimName: Invalid value: "web-v": must not reference a PVC that gets created for an ephemeral volume]'),
]  # fmt: skip


@pytest.mark.parametrize(("bad", "text"), BAD_PODS, ids=range(len(BAD_PODS)))
def test_bad_pods_get_the_error_that_kubernetes_gives(bad, text):
    before = copy.deepcopy(bad)
    with pytest.raises(InputError) as error:
        admit("Pod", bad)
    assert error.value.reason == f'Pod "{bad["metadata"]["name"]}" is invalid: {text}'
    assert bad == before


def test_all_errors_of_an_object_are_listed_once_each():
    bad = pod("BAD_name", containers=[], restartPolicy="x")
    with pytest.raises(InputError) as error:
        admit("Pod", bad)
    assert str(error.value) == (
        "Pod shop/BAD_name: "
        f'Pod "BAD_name" is invalid: [metadata.name: Invalid value: "BAD_name": {SUBDOMAIN}, '
        "spec.containers: Required value, spec.restartPolicy: Unsupported value: "
        '"x": supported values: "Always", "OnFailure", "Never"]'
    )


def test_decoding_errors_come_before_validation():
    with pytest.raises(InputError) as error:
        admit("Pod", pod(foo=1, containers=[]))
    assert error.value.field == "spec.foo"
    assert error.value.reason.endswith('strict decoding error: unknown field "spec.foo"')


BAD_OTHERS = [
    ("Node", {"metadata": {"name": "n"}, "status": {"capacity": {"cpu": "-1"}}},
     '[status.capacity.cpu: Invalid value: "-1": must be greater than or equal to 0, '
     'status.allocatable.cpu: Invalid value: "-1": must be greater than or equal to 0]'),
    ("Node", {"metadata": {"name": "n"}, "spec": {"taints": [{"key": "a", "effect": "NoSchedule"}] * 2}},
     'metadata.taints[1]: Duplicate value: {"Key":"a","Value":"","Effect":"NoSchedule",'
     '"TimeAdded":null}: taints must be unique by key and effect pair'),
    ("Node", {"metadata": {"name": "n", "namespace": "x"}},
     "metadata.namespace: Forbidden: not allowed on this type"),
    ("PriorityClass", {"metadata": {"name": "p"}, "value": 1_000_000_001},
     "value: Forbidden: maximum allowed value of a user defined priority is 1000000000"),
    ("PodDisruptionBudget", {"metadata": {"name": "p"}, "spec": {"minAvailable": "101%"}},
     'spec.minAvailable: Invalid value: "101%": must not be greater than 100%'),
    ("PersistentVolume", {"metadata": {"name": "p"}, "spec": {"capacity": {"storage": "0"}, "local": {"path": "/x"}}},
     "[spec.accessModes: Required value, spec.capacity[storage]: Invalid value: \"0\": "
     "must be greater than zero, spec.nodeAffinity: Required value: "
     "Local volume requires node affinity]"),
    ("PersistentVolumeClaim", {"metadata": {"name": "p"}, "spec": {"accessModes": ["Any"]}},
     '[spec.accessModes: Unsupported value: "Any": supported values: "ReadOnlyMany", '
     '"ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod", spec.resources[storage]: Required value]'),
    ("StorageClass", {"metadata": {"name": "s"}, "volumeBindingMode": "Late"},
     '[provisioner: Required value, volumeBindingMode: Unsupported value: "Late": '
     'supported values: "Immediate", "WaitForFirstConsumer"]'),
    ("Service", {"metadata": {"name": "s"}, "spec": {"selector": {"a": "b c"}}},
     'spec.selector: Invalid value: "b c": a valid label must be an empty string or consist of '
     "alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
     "character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
     "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "bad", "text"), BAD_OTHERS, ids=range(len(BAD_OTHERS)))
def test_other_bad_objects_get_the_error_that_kubernetes_gives(kind, bad, text):
    with pytest.raises(InputError) as error:
        admit(kind, bad)
    qualified = SCHEDULED[kind].qualified_kind
    assert error.value.reason == f'{qualified} "{bad["metadata"]["name"]}" is invalid: {text}'


def test_an_owner_without_its_template_is_read_and_its_rules_still_ask_for_it():
    owner = {"metadata": {"name": "s", "namespace": "a"}, "spec": {"selector": {}}}
    assert admit("StatefulSet", owner)["spec"] == {"selector": {}}
    complete(SCHEDULED["StatefulSet"], owner, Mode.SERVER)
    error, *_ = SCHEDULED["StatefulSet"].validate(owner)
    assert (
        str(error) == "spec.selector: Invalid value: {}: empty selector is invalid for statefulset"
    )
    owner = {"metadata": owner["metadata"], "spec": {}}
    owner["spec"]["selector"] = {"matchExpressions": [{"key": "a", "operator": "Near"}]}
    with pytest.raises(InputError) as refused:
        admit("ReplicaSet", owner)
    assert (refused.value.object, refused.value.field) == ("ReplicaSet a/s", "spec.selector")


def big(count):
    return [expression(f"k{i}", "In", f"v{i}") for i in range(count)]


EXTREMES = {
    "int64 limits": pod(
        container=requests(cpu=str(2**63 - 1), memory=str(2**63 - 1)), priority=2**31 - 1
    ),
    "10,000 node selector terms": pod(
        affinity={
            "nodeAffinity": {
                REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": [e]} for e in big(10_000)]}
            }
        }
    ),
    "10,000 pod affinity terms": pod(
        affinity={"podAntiAffinity": pod_terms(topologyKey="z")["podAffinity"] | {
            PREFERRED: [
                {"weight": 1, "podAffinityTerm": {"topologyKey": f"z{i}"}} for i in range(10_000)
            ]
        }}
    ),
    "5,000 labels": pod(metadata={"labels": {f"k{i}": f"v{i}" for i in range(5_000)}}),
    "5,000 label keys": pod(
        metadata={"labels": {f"k{i}": f"v{i}" for i in range(5_000)}},
        topologySpreadConstraints=[spread(matchLabelKeys=[f"k{i}" for i in range(5_000)])],
    ),
    "10,000 spread constraints": pod(
        topologySpreadConstraints=[spread(topologyKey=f"z{i}") for i in range(10_000)]
    ),
    "10,000 tolerations": pod(tolerations=[{"key": f"k{i}"} for i in range(10_000)]),
    "5,000 containers": pod(
        containers=[{"name": f"c{i}", "image": "x"} | requests(cpu="1") for i in range(5_000)]
    ),
}  # fmt: skip


@pytest.mark.parametrize("extreme", EXTREMES.values(), ids=EXTREMES)
def test_extreme_pods_are_admitted_in_good_time(extreme):
    start = time.perf_counter()
    admit("Pod", extreme)
    assert time.perf_counter() - start < 3


@pytest.mark.parametrize(
    "absurd",
    [
        pod("x" * 1_000_000),
        pod(metadata={"labels": {"a" * 100_000: "b" * 100_000}}),
        pod(container=requests(cpu="1e9999999")),
        pod(container=requests(cpu="9" * 10_000)),
        pod(priority=10**50_000),
        pod(nodeSelector={"\x00\ud800": '"\\'}),
        pod(topologySpreadConstraints=[spread()] * 10_000),
        pod(affinity={"nodeAffinity": {"x": [[[]]] * 1000}}),
    ],
    ids=range(8),
)
def test_absurd_pods_are_refused_in_good_time(absurd):
    start = time.perf_counter()
    with pytest.raises(InputError):
        admit("Pod", absurd)
    assert time.perf_counter() - start < 3
