import importlib
import pickle
from pathlib import Path

import pytest

from pykube_core.api.machinery.errors import InputError
from pykube_core.scheduler import policies
from pykube_core.scheduler.config import NodeResourcesFitArgs, profile_from_dict
from pykube_core.scheduler.policies import POLICIES, policy

CONFIGURATION = """\
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
percentageOfNodesToScore: 30
profiles:
- schedulerName: packing
  plugins:
    score:
      disabled: [{name: "*"}]
      enabled: [{name: BestFit, weight: 3}]
  pluginConfig:
  - name: BestFit
    args: {resources: [cpu]}
"""


def error_of(name: str) -> str:
    with pytest.raises(InputError) as caught:
        policy(name)
    return str(caught.value)


def test_every_module_of_the_package_holds_the_policy_of_its_name():
    folder = Path(policies.__file__).parent
    helpers = {"__init__", "base", "check", "registry", "user_policy"}
    modules = {path.stem for path in folder.glob("*.py")} - helpers
    for module in modules:
        found = importlib.import_module(f"pykube_core.scheduler.policies.{module}").POLICY
        assert found.name == module.replace("_", "-")
        assert policy(found.name) is found
        assert found.description
    assert len(modules) == len(POLICIES) == 8


def test_default_policy_is_the_default_profile():
    assert policy("default").profile == profile_from_dict(None)


@pytest.mark.parametrize(
    ("name", "strategy"),
    [
        ("most-allocated", "MostAllocated"),
        ("requested-to-capacity-ratio", "RequestedToCapacityRatio"),
    ],
)
def test_packing_policies_change_only_the_strategy_of_node_resources_fit(name, strategy):
    profile = policy(name).profile
    fit = profile.args["NodeResourcesFit"]
    assert isinstance(fit, NodeResourcesFitArgs)
    assert fit.scoring_strategy.type == strategy
    assert profile.plugins == profile_from_dict(None).plugins


@pytest.mark.parametrize(
    ("name", "scores"),
    [
        ("best-fit", (("BestFit", 1),)),
        ("worst-fit", (("WorstFit", 1),)),
        ("dot-product", (("DotProduct", 1),)),
        ("first-fit", ()),
        ("random", (("Random", 1),)),
    ],
)
def test_our_own_policies_have_one_score_plugin_at_most_and_the_default_filters(name, scores):
    plugins = policy(name).profile.plugins
    assert plugins.score == scores
    assert plugins.pre_score == ()
    assert plugins.filter == profile_from_dict(None).plugins.filter
    assert plugins.post_filter == profile_from_dict(None).plugins.post_filter


def test_policy_from_a_configuration_file_takes_its_profile(tmp_path):
    path = tmp_path / "packing.yaml"
    path.write_text(CONFIGURATION)
    found = policy(str(path))
    assert found.profile.scheduler_name == "packing"
    assert found.profile.plugins.score == (("BestFit", 3),)
    assert found.profile.args["BestFit"] == {"resources": ["cpu"]}
    assert found.profile.percentage_of_nodes_to_score == 30
    assert found.warnings == ()


def test_wrong_arguments_of_our_own_plugins_are_named(tmp_path):
    path = tmp_path / "packing.yaml"
    path.write_text(CONFIGURATION.replace("[cpu]", "[1], weight: 2"))
    assert error_of(str(path)).endswith(
        "profile packing: pluginConfig[BestFit].args.resources[0]: Invalid value: 1: must be a "
        'string, not a number; pluginConfig[BestFit].args.weight: unknown field "weight"'
    )


def test_one_profile_of_several_is_chosen_by_name(tmp_path):
    path = tmp_path / "two.yaml"
    path.write_text(CONFIGURATION + "- schedulerName: other\n")
    assert policy(f"{path}:other").scheduler_names == ("other",)
    assert policy(f"{path}:other").description == "profile other of two.yaml"
    assert error_of(f"{path}:none").endswith(
        'profiles: no profile is called "none", known are packing, other'
    )


def test_a_file_of_several_profiles_is_one_policy_with_the_default_schedulers_first(tmp_path):
    path = tmp_path / "two.yaml"
    path.write_text(CONFIGURATION + "- schedulerName: other\n")
    found = policy(str(path))
    assert found.scheduler_names == ("packing", "other")
    assert found.others[0].profile.percentage_of_nodes_to_score == 30
    assert found.description == "profiles packing, other of two.yaml"
    assert pickle.loads(pickle.dumps(found)) == found
    path.write_text(CONFIGURATION + "- schedulerName: default-scheduler\n")
    assert policy(str(path)).scheduler_names == ("default-scheduler", "packing")


def test_gpu_share_filters_where_a_profile_enables_it_and_takes_no_arguments(tmp_path):
    path = tmp_path / "share.yaml"
    enabled = "- plugins: {filter: {enabled: [{name: GpuShare}]}}\n"
    path.write_text(CONFIGURATION.partition("- ")[0] + enabled)
    assert policy(str(path)).profile.plugins.filter[-1].name == "GpuShare"
    path.write_text(path.read_text() + "  pluginConfig: [{name: GpuShare, args: {a: 1}}]\n")
    assert 'unknown field "a"' in error_of(str(path))


def test_filters_that_the_input_asks_for_come_behind_those_of_every_profile(tmp_path):
    path = tmp_path / "two.yaml"
    path.write_text(CONFIGURATION + "- schedulerName: other\n")
    found = policy(str(path)).with_filters(["GpuShare"]).with_filters(["GpuShare"])
    for each in (found, *found.others):
        filters = [plugin.name for plugin in each.profile.plugins.filter]
        assert filters == [*(p.name for p in policy("default").profile.plugins.filter), "GpuShare"]


def test_policy_from_a_function_is_not_run_until_it_is_loaded(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("raise ValueError('boom')\n")
    found = policy(f"{path}:score")
    assert found.profile.plugins.score == (("mine.py:score", 1),)
    assert pickle.loads(pickle.dumps(found)) == found
    with pytest.raises(InputError, match=r"mine\.py: line 1: ValueError: boom"):
        found.function.load()
    path.write_text("def score(node, pod):\n    return 1\n\nlimit = 3\n")
    assert found.function.load()(None, None) == 1
    with pytest.raises(InputError, match='"limit" is not callable'):
        policy(f"{path}:limit").function.load()
    with pytest.raises(InputError, match='"other" is not defined'):
        policy(f"{path}:other").function.load()
    path.write_text("def score(:\n")
    with pytest.raises(InputError, match=r"mine\.py: line 1: SyntaxError"):
        found.function.load()
    path.unlink()
    with pytest.raises(InputError, match=r"mine\.py: No such file"):
        found.function.load()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("best-fitt", 'unknown policy "best-fitt": did you mean "best-fit"? known are default, '),
        ("", 'unknown policy "": known are default, '),
        ("none.yaml", "none.yaml: No such file or directory"),
        ("none.py:score", "none.py: No such file"),
        ("none.py", "none.py: which function? write FILE.py:FUNCTION"),
        ("none.yaml:", "none.yaml: which profile? write FILE or FILE:PROFILE"),
        ("none.py:", 'none.py: "" is not the name of a function'),
        ("none.py:a b", 'none.py: "a b" is not the name of a function'),
    ],
)
def test_unknown_policies_are_refused_with_what_is_known(name, message):
    assert error_of(name).startswith(message)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("import os\nimport nosuchmodule\n", "line 2: ModuleNotFoundError: No module named"),
        ("def score(node, pod)\n    return 1\n", "line 1: SyntaxError: expected ':'"),
        (
            "def fall():\n    return 1 / 0\n\n\nfall()\n",
            "line 2: ZeroDivisionError: division by zero",
        ),
        ("import sys\n\nsys.exit(3)\n", "line 3: SystemExit: 3"),
    ],
)
def test_a_file_that_cannot_be_run_is_one_line_with_its_line_also_by_a_relative_path(
    tmp_path, monkeypatch, text, told
):
    (tmp_path / "own.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        policy("own.py:score").function.load()
    assert str(caught.value).startswith(f"own.py: {told}")
    assert "own.py" not in str(caught.value).removeprefix("own.py: ")


def test_a_fault_of_a_module_that_a_file_imports_is_told_at_the_import(tmp_path, monkeypatch):
    (tmp_path / "helper_of_own.py").write_text("x = 1\nx = = 2\n")
    (tmp_path / "own.py").write_text("x = 1\n\n\nimport helper_of_own\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"own\.py: line 4: SyntaxError: invalid syntax"):
        policy("own.py:score").function.load()
