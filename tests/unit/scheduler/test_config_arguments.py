import pytest

from pykube_core.scheduler.config import (
    InterPodAffinityArgs,
    NodeResourcesFitArgs,
    PodTopologySpreadArgs,
    ResourceSpec,
    UtilizationShapePoint,
    VolumeBindingArgs,
    profile_from_dict,
)
from tests.unit.scheduler.profiles import error_of, names, scores


def test_default_arguments_are_upstreams():
    args = profile_from_dict(None).args
    fit = args["NodeResourcesFit"]
    assert isinstance(fit, NodeResourcesFitArgs)
    assert fit.scoring_strategy.type == "LeastAllocated"
    assert fit.scoring_strategy.resources == (("cpu", 1), ("memory", 1))
    assert args["InterPodAffinity"] == InterPodAffinityArgs(1, False)
    assert args["PodTopologySpread"] == PodTopologySpreadArgs((), "System")
    assert args["VolumeBinding"] == VolumeBindingArgs(600)
    assert sorted(args) == [
        "DefaultPreemption",
        "DynamicResources",
        "InterPodAffinity",
        "NodeAffinity",
        "NodeResourcesBalancedAllocation",
        "NodeResourcesFit",
        "PodTopologySpread",
        "VolumeBinding",
    ]


def test_arguments_are_read_with_their_defaults():
    profile = profile_from_dict(
        {
            "pluginConfig": [
                {
                    "name": "NodeResourcesFit",
                    "args": {
                        "apiVersion": "kubescheduler.config.k8s.io/v1",
                        "kind": "NodeResourcesFitArgs",
                        "ignoredResources": ["example.com/foo"],
                        "ignoredResourceGroups": ["ignored.io"],
                        "scoringStrategy": {
                            "type": "RequestedToCapacityRatio",
                            "resources": [{"name": "cpu"}, {"name": "nvidia.com/gpu", "weight": 5}],
                            "requestedToCapacityRatio": {
                                "shape": [
                                    {"utilization": 0, "score": 0},
                                    {"utilization": 100, "score": 10},
                                ]
                            },
                        },
                    },
                },
                {"name": "DynamicResources", "args": {"filterTimeout": "1m30.5s"}},
                {"name": "VolumeBinding"},
            ]
        }
    )
    fit = profile.args["NodeResourcesFit"]
    assert isinstance(fit, NodeResourcesFitArgs)
    assert fit.ignored_resource_groups == ("ignored.io",)
    assert fit.scoring_strategy.resources == (
        ResourceSpec("cpu", 1),
        ResourceSpec("nvidia.com/gpu", 5),
    )
    assert fit.scoring_strategy.shape == (
        UtilizationShapePoint(0, 0),
        UtilizationShapePoint(100, 10),
    )
    assert profile.args["DynamicResources"].filter_timeout_ns == 90_500_000_000
    assert profile.args["VolumeBinding"] == VolumeBindingArgs(600)


def test_arguments_of_a_users_plugin_stay_as_they_are():
    profile = profile_from_dict(
        {
            "plugins": {"score": {"enabled": [{"name": "Mine", "weight": 4}]}},
            "pluginConfig": [{"name": "Mine", "args": {"alpha": [1, {"beta": None}]}}],
        },
        {"Mine": {"score"}},
    )
    assert profile.args["Mine"] == {"alpha": [1, {"beta": None}]}
    assert scores(profile)["Mine"] == 4
    assert names(profile, "score")[-1] == "Mine"


@pytest.mark.parametrize(
    ("name", "args", "message"),
    [
        (
            "NodeResourcesFit",
            {
                "scoringStrategy": {
                    "type": "LeastAllocated",
                    "resources": [{"name": "cpu", "weight": 101}],
                }
            },
            "scoringStrategy.resources[0].weight: Invalid value: 101: resource weight of cpu not "
            "in valid range (0, 100]",
        ),
        (
            "NodeResourcesFit",
            {"scoringStrategy": {"resources": []}},
            'scoringStrategy.type: Unsupported value: "": supported values: "LeastAllocated", '
            '"MostAllocated", "RequestedToCapacityRatio"',
        ),
        (
            "NodeResourcesFit",
            {"scoringStrategy": {"type": "RequestedToCapacityRatio"}},
            "scoringStrategy.requestedToCapacityRatio: Required value: ",
        ),
        (
            "NodeResourcesFit",
            {
                "scoringStrategy": {
                    "type": "RequestedToCapacityRatio",
                    "requestedToCapacityRatio": {
                        "shape": [{"utilization": 50, "score": 1}, {"utilization": 50, "score": 11}]
                    },
                }
            },
            "scoringStrategy.requestedToCapacityRatio.shape[1].utilization: Invalid value: 50: "
            "values must be sorted in increasing order; "
            "pluginConfig[0].args.scoringStrategy.requestedToCapacityRatio.shape[1].score: "
            "Invalid value: 11: not in valid range [0, 10]",
        ),
        (
            "NodeResourcesFit",
            {"ignoredResourceGroups": ["a/b"]},
            'ignoredResourceGroups[0]: Invalid value: "a/b": resource group name can\'t contain',
        ),
        (
            "NodeResourcesFit",
            {"ignoredResource": ["cpu"]},
            'ignoredResource: unknown field "ignoredResource", did you mean "ignoredResources"?',
        ),
        (
            "NodeResourcesBalancedAllocation",
            {"resources": [{"name": "cpu", "weight": 2}]},
            "resources[0].weight: Invalid value: 2: must be 1",
        ),
        (
            "NodeResourcesBalancedAllocation",
            {"resources": [{"name": "cpu"}, {"name": "cpu"}]},
            'resources[1].name: Duplicate value: "cpu"',
        ),
        (
            "InterPodAffinity",
            {"hardPodAffinityWeight": 101},
            "hardPodAffinityWeight: Invalid value: 101: not in valid range [0, 100]",
        ),
        (
            "InterPodAffinity",
            {"hardPodAffinityWeight": "1"},
            'hardPodAffinityWeight: Invalid value: "1": must be an integer, not a string',
        ),
        (
            "InterPodAffinity",
            {"ignorePreferredTermsOfExistingPods": 1},
            "ignorePreferredTermsOfExistingPods: Invalid value: 1: must be a boolean, not a number",
        ),
        (
            "PodTopologySpread",
            {"defaultConstraints": [{"maxSkew": 1}]},
            'defaultingType: Invalid value: "System": when .defaultConstraints are not empty',
        ),
        (
            "PodTopologySpread",
            {
                "defaultingType": "List",
                "defaultConstraints": [
                    {"maxSkew": 0, "topologyKey": "zone", "whenUnsatisfiable": "Never"}
                ],
            },
            "defaultConstraints[0].maxSkew: Invalid value: 0: not in valid range (0, inf); "
            "pluginConfig[0].args.defaultConstraints[0].whenUnsatisfiable: Unsupported value: "
            '"Never": supported values: "DoNotSchedule", "ScheduleAnyway"',
        ),
        (
            "PodTopologySpread",
            {"defaultingType": "list"},
            'defaultingType: Unsupported value: "list": supported values: "System", "List"',
        ),
        (
            "VolumeBinding",
            {"bindTimeoutSeconds": -1},
            "bindTimeoutSeconds: Invalid value: -1: invalid BindTimeoutSeconds",
        ),
        (
            "VolumeBinding",
            {"shape": [{"utilization": 0, "score": 0}]},
            'shape: Invalid value: [{"utilization":0,"score":0}]: unexpected field `shape`',
        ),
        (
            "DefaultPreemption",
            {"minCandidateNodesPercentage": 0, "minCandidateNodesAbsolute": 0},
            "minCandidateNodesPercentage: Invalid value: 0: cannot be zero at the same time as "
            "minCandidateNodesAbsolute",
        ),
        (
            "DynamicResources",
            {"filterTimeout": "-1s"},
            'filterTimeout: Invalid value: "-1s": must be zero or positive',
        ),
        (
            "NodeAffinity",
            {
                "addedAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": {
                        "nodeSelectorTerms": [
                            {"matchExpressions": [{"key": "a", "operator": "Near"}]}
                        ]
                    }
                }
            },
            "addedAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0]."
            'matchExpressions[0].operator: Unsupported value: "Near": supported values: "In", ',
        ),
        (
            "NodeAffinity",
            {
                "addedAffinity": {
                    "preferredDuringSchedulingIgnoredDuringExecution": [
                        {
                            "weight": 1,
                            "preference": {
                                "matchExpressions": [
                                    {
                                        "key": "a",
                                        "operator": "Gt",
                                        "values": ["9223372036854775808"],
                                    }
                                ]
                            },
                        }
                    ]
                }
            },
            "addedAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference."
            "matchExpressions[0].values[0]: Invalid value: "
            "\"9223372036854775808\": for 'Gt', 'Lt' operators, the value must be an integer",
        ),
        (
            "NodeAffinity",
            {"kind": "NodeAffinityArg"},
            'kind: Invalid value: "NodeAffinityArg": args for plugin NodeAffinity must be of type',
        ),
    ],
)
def test_wrong_arguments_are_named_with_their_path(name, args, message):
    text = error_of({"pluginConfig": [{"name": name, "args": args}]})
    assert text.startswith(f"KubeSchedulerProfile: pluginConfig[0].args.{message}")


def test_arguments_of_an_unknown_plugin_are_an_error():
    text = error_of({"pluginConfig": [{"name": "NodeResourceFit", "args": {}}]})
    assert 'pluginConfig[0].name: Invalid value: "NodeResourceFit": plugin' in text
    assert 'did you mean "NodeResourcesFit"?' in text


def test_arguments_given_twice_are_an_error():
    config = {"name": "VolumeBinding", "args": {}}
    assert error_of({"pluginConfig": [config, config]}).endswith(
        'pluginConfig[1]: Duplicate value: "VolumeBinding"'
    )
