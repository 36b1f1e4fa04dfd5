"""Weights of score plugins below 0."""

import pytest

from pykube_core.scheduler.config import configuration_from_dict, profile_from_dict


def test_negative_weights_are_kept_down_to_int32():
    enabled = [{"name": "NodeAffinity", "weight": -(2**31)}]
    profile = profile_from_dict({"plugins": {"score": {"enabled": enabled}}})
    assert profile.plugins.score[0] == ("NodeAffinity", -(2**31))


@pytest.mark.parametrize(
    ("point", "name", "weight", "refused"),
    [
        ("score", "NodeAffinity", -1, True),  # comes first: the sum is negative from the start
        ("multiPoint", "NodeAffinity", -3, False),  # comes behind TaintToleration's 3
        ("multiPoint", "NodeAffinity", -4, True),
        ("multiPoint", "ImageLocality", -100, False),  # comes last
        ("score", "NodeAffinity", 1, False),
    ],
)
def test_negative_weights_that_kube_scheduler_takes_for_an_overflow_are_a_warning(
    point, name, weight, refused
):
    enabled = {point: {"enabled": [{"name": name, "weight": weight}]}}
    configuration = configuration_from_dict(
        {
            "apiVersion": "kubescheduler.config.k8s.io/v1",
            "kind": "KubeSchedulerConfiguration",
            "profiles": [{"plugins": enabled}],
        }
    )
    warnings = [w for w in configuration.warnings if "could overflow" in w]
    assert bool(warnings) == refused
    assert all(w.startswith("profiles[0].plugins: ") for w in warnings)
