import pytest

from pykube_core.api.machinery.errors import InputError
from pykube_core.scheduler.config import (
    InterPodAffinityArgs,
    NodeResourcesFitArgs,
    PodTopologySpreadArgs,
    Profile,
    ResourceSpec,
    UtilizationShapePoint,
    VolumeBindingArgs,
    configuration_from_dict,
    profile_from_dict,
)

DEFAULT_FILTERS = (
    "NodeUnschedulable NodeName TaintToleration NodeAffinity NodePorts NodeResourcesFit "
    "VolumeRestrictions NodeVolumeLimits VolumeBinding VolumeZone PodTopologySpread "
    "InterPodAffinity DynamicResources"
).split()


def names(profile: Profile, point: str) -> list[str]:
    return [plugin.name for plugin in getattr(profile.plugins, point)]


def scores(profile: Profile) -> dict[str, int]:
    return dict(profile.plugins.score)


def error_of(profile: dict, **registry: set[str]) -> str:
    with pytest.raises(InputError) as caught:
        profile_from_dict(profile, registry)
    return str(caught.value)


def test_default_profile_has_upstreams_expanded_plugins():
    profile = profile_from_dict(None)
    assert profile.scheduler_name == "default-scheduler"
    assert names(profile, "pre_enqueue") == [
        "SchedulingGates",
        "DynamicResources",
        "DefaultPreemption",
    ]
    assert names(profile, "queue_sort") == ["PrioritySort"]
    assert names(profile, "filter") == DEFAULT_FILTERS
    assert names(profile, "pre_filter") == [
        name
        for name in DEFAULT_FILTERS
        if name not in ("NodeUnschedulable", "NodeName", "TaintToleration")
    ]
    assert names(profile, "post_filter") == ["DynamicResources", "DefaultPreemption"]
    assert names(profile, "pre_score") == [
        "TaintToleration",
        "NodeAffinity",
        "NodeResourcesFit",
        "VolumeBinding",
        "PodTopologySpread",
        "InterPodAffinity",
        "NodeResourcesBalancedAllocation",
    ]
    assert profile.plugins.score == (
        ("TaintToleration", 3),
        ("NodeAffinity", 2),
        ("NodeResourcesFit", 1),
        ("VolumeBinding", 1),
        ("PodTopologySpread", 2),
        ("InterPodAffinity", 2),
        ("NodeResourcesBalancedAllocation", 1),
        ("ImageLocality", 1),
    )
    assert names(profile, "reserve") == ["VolumeBinding", "DynamicResources"]
    assert names(profile, "pre_bind") == ["VolumeBinding", "DynamicResources"]
    assert names(profile, "bind") == ["DefaultBinder"]
    assert profile.plugins.permit == profile.plugins.post_bind == ()


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


def test_plugins_named_at_a_point_run_before_the_rest_of_multi_point():
    order = ["InterPodAffinity", "TaintToleration", "NodeAffinity"]
    profile = profile_from_dict({"plugins": {"filter": {"enabled": [{"name": n} for n in order]}}})
    rest = [name for name in DEFAULT_FILTERS if name not in order]
    assert names(profile, "filter") == order + rest


def test_plugins_named_only_at_a_point_run_last():
    profile = profile_from_dict(
        {"plugins": {"filter": {"enabled": [{"name": "Mine"}, {"name": "NodePorts"}]}}},
        {"Mine": {"filter"}},
    )
    rest = [name for name in DEFAULT_FILTERS if name != "NodePorts"]
    assert names(profile, "filter") == ["NodePorts", *rest, "Mine"]


def test_multi_point_default_that_is_enabled_again_keeps_its_place_and_takes_the_weight():
    enabled = [{"name": "ImageLocality", "weight": 9}, {"name": "NodeResourcesFit", "weight": 7}]
    profile = profile_from_dict({"plugins": {"multiPoint": {"enabled": enabled}}})
    assert names(profile, "filter") == DEFAULT_FILTERS
    assert list(scores(profile)) == list(scores(profile_from_dict(None)))
    assert scores(profile)["ImageLocality"] == 9
    assert scores(profile)["NodeResourcesFit"] == 7


def test_weight_at_score_beats_that_of_multi_point_and_zero_is_one():
    profile = profile_from_dict(
        {
            "plugins": {
                "multiPoint": {"enabled": [{"name": "NodeAffinity", "weight": 40}]},
                "score": {
                    "enabled": [
                        {"name": "NodeAffinity", "weight": 5},
                        {"name": "TaintToleration", "weight": 0},
                        {"name": "ImageLocality"},
                    ]
                },
            }
        }
    )
    assert profile.plugins.score[:3] == (
        ("NodeAffinity", 5),
        ("TaintToleration", 1),
        ("ImageLocality", 1),
    )


def test_plugin_disabled_at_one_point_stays_at_the_others():
    profile = profile_from_dict({"plugins": {"score": {"disabled": [{"name": "NodeAffinity"}]}}})
    assert "NodeAffinity" not in scores(profile)
    assert "NodeAffinity" in names(profile, "pre_score")
    assert "NodeAffinity" in names(profile, "filter")


def test_plugin_disabled_at_multi_point_is_gone_everywhere():
    profile = profile_from_dict(
        {"plugins": {"multiPoint": {"disabled": [{"name": "NodeAffinity"}]}}}
    )
    for point in ("pre_filter", "filter", "pre_score", "score"):
        assert "NodeAffinity" not in names(profile, point)


def test_star_keeps_only_what_the_point_enables():
    profile = profile_from_dict(
        {
            "plugins": {
                "score": {
                    "disabled": [{"name": "*"}],
                    "enabled": [{"name": "ImageLocality"}, {"name": "NodeResourcesFit"}],
                },
                "postFilter": {"disabled": [{"name": "*"}]},
            }
        }
    )
    assert names(profile, "score") == ["ImageLocality", "NodeResourcesFit"]
    assert profile.plugins.post_filter == ()
    assert names(profile, "filter") == DEFAULT_FILTERS


def test_star_at_multi_point_drops_all_defaults():
    enabled = [{"name": "NodeResourcesFit"}, {"name": "PrioritySort"}, {"name": "DefaultBinder"}]
    profile = profile_from_dict(
        {"plugins": {"multiPoint": {"disabled": [{"name": "*"}], "enabled": enabled}}}
    )
    assert names(profile, "filter") == ["NodeResourcesFit"]
    assert profile.plugins.post_filter == ()
    assert list(profile.args) == ["NodeResourcesFit"]


def test_enabled_and_disabled_at_multi_point_is_enabled_and_runs_last():
    profile = profile_from_dict(
        {
            "plugins": {
                "multiPoint": {
                    "disabled": [{"name": "NodePorts"}],
                    "enabled": [{"name": "NodePorts"}],
                }
            }
        }
    )
    rest = [name for name in DEFAULT_FILTERS if name != "NodePorts"]
    assert names(profile, "filter") == [*rest, "NodePorts"]


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
    ("plugins", "message"),
    [
        (
            {"filter": {"enabled": [{"name": "NodeAfinity"}]}},
            'plugins.filter.enabled[0].name: Invalid value: "NodeAfinity": FilterPlugin '
            '"NodeAfinity" does not exist, did you mean "NodeAffinity"?',
        ),
        (
            {"filter": {"enabled": [{"name": "ImageLocality"}]}},
            'plugins.filter.enabled[0].name: Invalid value: "ImageLocality": plugin '
            '"ImageLocality" does not extend FilterPlugin plugin',
        ),
        (
            {"filter": {"enabled": [{"name": "NodePorts"}, {"name": "NodePorts"}]}},
            'plugins.filter.enabled[1]: plugin "NodePorts" already registered as "FilterPlugin"',
        ),
        (
            {"score": {"enabled": [{"name": "EBSLimits"}]}},
            'plugins.score.enabled[0]: Invalid value: "EBSLimits": was invalid in version "v1"',
        ),
        (
            {"queueSort": {"disabled": [{"name": "*"}]}},
            "plugins.queueSort: only one queue sort plugin required for profile with scheduler "
            'name "default-scheduler", but got 0',
        ),
        (
            {"multiPoint": {"disabled": [{"name": "DefaultBinder"}]}},
            "plugins.bind: at least one bind plugin is needed for profile with scheduler name "
            '"default-scheduler"',
        ),
        (
            {"scores": {}},
            'plugins.scores: unknown field "scores", did you mean "score"?',
        ),
        (
            {"score": {"enabled": [{"name": "ImageLocality", "weight": 2**31}]}},
            "plugins.score.enabled[0].weight: Invalid value: 2147483648: must fit in 32 bits",
        ),
    ],
)
def test_wrong_plugins_are_named_with_their_path(plugins, message):
    assert error_of({"plugins": plugins}).startswith(f"KubeSchedulerProfile: {message}")


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


def test_percentage_out_of_range_is_an_error():
    assert "percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]" in error_of(
        {"percentageOfNodesToScore": 101}
    )


def test_a_plugin_without_the_step_before_its_own_is_warned_about():
    def warnings(plugins):
        document = {
            "apiVersion": "kubescheduler.config.k8s.io/v1",
            "kind": "KubeSchedulerConfiguration",
            "profiles": [{"plugins": plugins}],
        }
        return configuration_from_dict(document).warnings

    assert warnings({}) == ()
    (found,) = warnings({"preScore": {"disabled": [{"name": "TaintToleration"}]}})
    assert found.startswith("profiles[0].plugins.score: TaintToleration runs without its preScore")
    (found,) = warnings({"preFilter": {"disabled": [{"name": "NodePorts"}]}})
    assert "NodePorts runs without its preFilter" in found
    both = {"disabled": [{"name": "TaintToleration"}]}
    assert warnings({"preScore": both, "score": both}) == ()
    assert warnings({"preFilter": {"disabled": [{"name": "NodeAffinity"}]}}) == ()
