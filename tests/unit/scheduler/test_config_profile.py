import pytest

from pykube_core.scheduler.config import (
    configuration_from_dict,
    profile_from_dict,
)
from tests.unit.scheduler.profiles import error_of, names, scores

DEFAULT_FILTERS = (
    "NodeUnschedulable NodeName TaintToleration NodeAffinity NodePorts NodeResourcesFit "
    "VolumeRestrictions NodeVolumeLimits VolumeBinding VolumeZone PodTopologySpread "
    "InterPodAffinity DynamicResources"
).split()


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
