import contextlib
import json
import pickle

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pykube_core.api.machinery.errors import InputError
from pykube_core.scheduler.config import (
    NodeResourcesFitArgs,
    configuration_from_dict,
    default_configuration,
    parse_configuration,
    profile_from_dict,
    read_configuration,
)

V1 = {"apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration"}


def error_of(document: dict) -> str:
    with pytest.raises(InputError) as caught:
        configuration_from_dict(document, "scheduler.yaml")
    return str(caught.value)


def error_of_text(text: str) -> str:
    with pytest.raises(InputError) as caught:
        parse_configuration(text, "scheduler.yaml")
    return str(caught.value)


def test_default_configuration_has_upstreams_defaults():
    configuration = default_configuration()
    assert configuration.profiles == (profile_from_dict(None),)
    assert configuration.percentage_of_nodes_to_score == 0
    assert configuration.pod_initial_backoff_seconds == 1
    assert configuration.pod_max_backoff_seconds == 10
    assert configuration.parallelism == 16
    assert configuration.warnings == ()


def test_yaml_and_json_read_alike():
    document = {
        **V1,
        "percentageOfNodesToScore": 40,
        "podInitialBackoffSeconds": 2,
        "podMaxBackoffSeconds": 20,
        "leaderElection": {"leaderElect": False, "leaseDuration": "15s"},
        "clientConnection": {"qps": 50.5, "burst": 100},
        "enableProfiling": True,
        "profiles": [
            {"schedulerName": "a", "percentageOfNodesToScore": 0},
            {"schedulerName": "b", "plugins": {"score": {"disabled": [{"name": "*"}]}}},
        ],
    }
    import yaml

    from_json = parse_configuration(json.dumps(document))
    from_yaml = parse_configuration(yaml.safe_dump(document))
    assert from_json == from_yaml == configuration_from_dict(document)
    assert from_json.percentage_of_nodes_to_score == 40
    assert [profile.scheduler_name for profile in from_json.profiles] == ["a", "b"]
    assert [profile.percentage_of_nodes_to_score for profile in from_json.profiles] == [0, None]
    assert from_json.profile_for("b") is from_json.profiles[1]
    assert from_json.profile_for("c") is None


def test_configuration_can_be_pickled():
    configuration = default_configuration()
    assert pickle.loads(pickle.dumps(configuration)) == configuration


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"parallelism": 0}, "parallelism: Invalid value: 0: should be an integer value greater"),
        ({"parallelism": True}, "parallelism: Invalid value: true: must be an integer, not a bool"),
        ({"podInitialBackoffSeconds": 0}, "podInitialBackoffSeconds: Invalid value: 0: must be"),
        (
            {"podInitialBackoffSeconds": 11},
            "podMaxBackoffSeconds: Invalid value: 10: must be greater than or equal to "
            "PodInitialBackoffSeconds",
        ),
        (
            {"percentageOfNodesToScore": -1},
            "percentageOfNodesToScore: Invalid value: -1: not in valid range [0-100]",
        ),
        ({"profile": []}, 'profile: unknown field "profile", did you mean "profiles"?'),
        ({"profiles": {}}, "profiles: Invalid value: {}: must be a list, not an object"),
        ({"profiles": [1]}, "profiles[0]: Invalid value: 1: must be an object, not a number"),
        ({"profiles": [{"schedulerName": ""}]}, "profiles[0].schedulerName: Required value"),
        (
            {"profiles": [{"schedulerName": "a"}, {}]},
            "profiles[1].schedulerName: Required value",
        ),
        (
            {"profiles": [{"schedulerName": "a"}, {"schedulerName": "a"}]},
            'profiles[1].schedulerName: Duplicate value: "profiles[0].schedulerName" ("a")',
        ),
        (
            {"clientConnection": {"burst": -1}},
            "clientConnection.burst: Invalid value: -1: must be non-negative",
        ),
        (
            {"leaderElection": {"leaseDuration": "5s"}},
            'leaderElection.leaseDuration: Invalid value: "5s": must be greater than `Renew',
        ),
        (
            {"leaderElection": {"resourceLock": "endpoints"}},
            'leaderElection.resourceLock: Invalid value: "endpoints": resourceLock value must be',
        ),
        (
            {"leaderElection": {"leaseDuration": "soon"}},
            'leaderElection.leaseDuration: Invalid value: "soon": must be a duration such as "15s"',
        ),
        (
            {"extenders": [{"urlPrefix": "http://localhost:8888/", "filterVerb": "filter"}]},
            "extenders[0]: Forbidden: scheduler extenders are not supported yet",
        ),
        (
            {
                "profiles": [
                    {
                        "pluginConfig": [
                            {
                                "name": "NodeResourcesFit",
                                "args": {
                                    "scoringStrategy": {
                                        "type": "LeastAllocated",
                                        "resources": [{"name": "cpu", "weight": -1}],
                                    }
                                },
                            }
                        ]
                    }
                ]
            },
            "profiles[0].pluginConfig[0].args.scoringStrategy.resources[0].weight: Invalid value: "
            "-1: resource weight of cpu not in valid range (0, 100]",
        ),
    ],
)
def test_wrong_configurations_are_named_with_file_and_path(fields, message):
    text = error_of({**V1, **fields})
    assert text.startswith(f"scheduler.yaml: KubeSchedulerConfiguration: {message}")


def test_profiles_with_different_queue_sorts_are_refused():
    other = {
        "queueSort": {"disabled": [{"name": "*"}], "enabled": [{"name": "Mine"}]},
    }
    with pytest.raises(InputError, match='different queue sort plugins for profile "b": "Mine"'):
        configuration_from_dict(
            {
                **V1,
                "profiles": [
                    {"schedulerName": "a"},
                    {"schedulerName": "b", "plugins": other},
                ],
            },
            registry={"Mine": {"queueSort"}},
        )


def test_every_error_of_a_document_is_reported():
    text = error_of({**V1, "parallelism": 0, "nonsense": 1, "podInitialBackoffSeconds": "x"})
    for part in ("parallelism: ", 'unknown field "nonsense"', "podInitialBackoffSeconds: "):
        assert part in text


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "scheduler.yaml: KubeSchedulerConfiguration: apiVersion: Required value"),
        ({**V1, "kind": "Pod"}, "scheduler.yaml: kind: expected kind KubeSchedulerConfiguration"),
        ({**V1, "apiVersion": "v1"}, "scheduler.yaml: KubeSchedulerConfiguration: apiVersion: no"),
        (
            {**V1, "apiVersion": "kubescheduler.config.k8s.io/v2"},
            "scheduler.yaml: KubeSchedulerConfiguration: apiVersion: no kind",
        ),
    ],
)
def test_documents_of_another_type_are_refused(document, message):
    assert error_of(document).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", 'scheduler.yaml: line 3: key "a" is already set in map'),
        ('{"a": 1, "a": 2}', 'scheduler.yaml: line 1: key "a" is already set in map'),
        ("a: [1\n", "scheduler.yaml: line 2: bad YAML: "),
        ("- 1\n", "scheduler.yaml: expected an object with apiVersion and kind"),
        ("", "scheduler.yaml: expected an object with apiVersion and kind"),
        ("a: 1\n---\nb: 1\n", "scheduler.yaml: expected one document, found 2"),
        ("? [a]\n: 1\n", "scheduler.yaml: line 1: a key must be text"),
        ("a: !!int x\n", "scheduler.yaml: line 1: cannot decode !!str `x` as a !!int"),
        ("[" * 5000, "scheduler.yaml: "),
    ],
)
def test_broken_text_is_named_with_its_line(text, message):
    assert error_of_text(text).startswith(message)


def test_dates_in_yaml_stay_strings():
    text = "\n".join(f"{key}: {value}" for key, value in V1.items())
    configuration = parse_configuration(f"{text}\nprofiles:\n- schedulerName: 2024-01-01\n")
    assert configuration.profiles[0].scheduler_name == "2024-01-01"


def test_scalars_are_what_kubernetes_takes_them_for():
    text = "\n".join(f"{key}: {value}" for key, value in V1.items())
    rest = "percentageOfNodesToScore: 1e1\nprofiles:\n- schedulerName: 1:30\n"
    configuration = parse_configuration(f"{text}\n{rest}")
    assert configuration.profiles[0].scheduler_name == "1:30"
    assert configuration.percentage_of_nodes_to_score == 10


def test_missing_file_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match=r"none\.yaml: No such file or directory"):
        read_configuration(tmp_path / "none.yaml")


def test_disabling_an_unknown_plugin_is_a_warning():
    plugins = {"score": {"disabled": [{"name": "SelectorSpread"}]}}
    configuration = configuration_from_dict({**V1, "profiles": [{"plugins": plugins}]})
    assert configuration.warnings == (
        'profiles[0].plugins.score.disabled[0].name: plugin "SelectorSpread" does not exist; '
        "disabling it changes nothing",
    )


def test_v1beta2_reads_as_v1_and_says_what_changed():
    configuration = configuration_from_dict(
        {
            "apiVersion": "kubescheduler.config.k8s.io/v1beta2",
            "kind": "KubeSchedulerConfiguration",
            "healthzBindAddress": "",
            "profiles": [
                {
                    "plugins": {"score": {"enabled": [{"name": "NodePreferAvoidPods"}]}},
                    "pluginConfig": [
                        {
                            "name": "InterPodAffinity",
                            "args": {
                                "apiVersion": "kubescheduler.config.k8s.io/v1beta2",
                                "kind": "InterPodAffinityArgs",
                                "hardPodAffinityWeight": 7,
                            },
                        }
                    ],
                }
            ],
        }
    )
    (profile,) = configuration.profiles
    assert profile.plugins == profile_from_dict(None).plugins
    assert profile.args["InterPodAffinity"].hard_pod_affinity_weight == 7
    expected = (
        "read as v1",
        "v1beta3: default score weights rose: TaintToleration 3",
        "v1: SelectorSpread is gone",
        "healthzBindAddress",
        "NodePreferAvoidPods is gone: use taints",
    )
    assert len(configuration.warnings) == len(expected)
    for warning, part in zip(configuration.warnings, expected, strict=True):
        assert part in warning


def test_v1beta1_score_plugins_become_the_strategy_of_node_resources_fit():
    configuration = configuration_from_dict(
        {
            "apiVersion": "kubescheduler.config.k8s.io/v1beta1",
            "kind": "KubeSchedulerConfiguration",
            "profiles": [
                {
                    "plugins": {
                        "score": {
                            "disabled": [{"name": "NodeResourcesLeastAllocated"}],
                            "enabled": [{"name": "RequestedToCapacityRatio", "weight": 6}],
                        }
                    },
                    "pluginConfig": [
                        {
                            "name": "RequestedToCapacityRatio",
                            "args": {
                                "shape": [{"utilization": 0, "score": 5}],
                                "resources": [{"name": "memory", "weight": 3}],
                            },
                        }
                    ],
                }
            ],
        }
    )
    (profile,) = configuration.profiles
    fit = profile.args["NodeResourcesFit"]
    assert isinstance(fit, NodeResourcesFitArgs)
    assert fit.scoring_strategy.type == "RequestedToCapacityRatio"
    assert fit.scoring_strategy.shape == ((0, 5),)
    assert fit.scoring_strategy.resources == (("memory", 3),)
    assert dict(profile.plugins.score)["NodeResourcesFit"] == 6
    assert any(
        "RequestedToCapacityRatio is the strategy" in text for text in configuration.warnings
    )


def test_v1alpha1_top_level_becomes_a_profile():
    configuration = configuration_from_dict(
        {
            "apiVersion": "kubescheduler.config.k8s.io/v1alpha1",
            "kind": "KubeSchedulerConfiguration",
            "schedulerName": "old",
            "hardPodAffinitySymmetricWeight": 3,
            "disablePreemption": True,
            "bindTimeoutSeconds": 60,
            "algorithmSource": {"provider": "DefaultProvider"},
        }
    )
    (profile,) = configuration.profiles
    assert profile.scheduler_name == "old"
    assert profile.args["InterPodAffinity"].hard_pod_affinity_weight == 3
    assert profile.args["VolumeBinding"].bind_timeout_seconds == 60
    assert [plugin.name for plugin in profile.plugins.post_filter] == ["DynamicResources"]


json_values = st.recursive(
    st.sampled_from([None, True, 0, -1, 1.5, 2**70, "", "*", "NodeResourcesFit", "10s"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "profiles plugins pluginConfig score multiPoint enabled disabled name args weight "
                "schedulerName unreserve scoringStrategy resources extenders leaderElection".split()
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(["v1", "v1beta3", "v1beta2", "v1beta1", "v1alpha2", "v1alpha1"]),
    st.dictionaries(
        st.sampled_from(
            "profiles plugins pluginConfig disablePreemption bindTimeoutSeconds extenders "
            "leaderElection clientConnection algorithmSource".split()
        ),
        json_values,
        max_size=3,
    ),
)
def test_any_json_is_read_or_refused_with_an_input_error(version, fields):
    document = {**V1, "apiVersion": f"kubescheduler.config.k8s.io/{version}", **fields}
    before = json.dumps(document)
    with contextlib.suppress(InputError):
        configuration_from_dict(document)
    assert json.dumps(document) == before
