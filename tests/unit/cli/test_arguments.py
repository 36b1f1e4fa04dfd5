import argparse

import pytest

from pykube_core.api.apps import DEPLOYMENTS, REPLICA_SETS
from pykube_core.api.builtin import BUILTIN
from pykube_core.api.core import PODS
from pykube_core.cli import _parsed, build_parser
from pykube_core.cli.failures import CommandError
from pykube_core.cli.options import default_data_dir, duration
from pykube_core.cli.resource_arguments import Target, parse_targets


def parsed(*words):
    return _parsed(build_parser(words[:1]), list(words))


def test_words_may_stand_between_options():
    options = parsed("get", "pods", "-n", "shop", "a", "-o", "wide", "b")
    assert options.words == ["pods", "a", "b"]
    assert (options.namespace, options.output) == ("shop", "wide")


def test_what_follows_two_dashes_goes_to_the_container():
    options = parsed("create", "deployment", "web", "--image=a", "--", "sleep", "-n", "1")
    assert options.names == ["web"]
    assert options.trailing == ["sleep", "-n", "1"]


def test_options_before_the_kind_hold_behind_it():
    options = parsed("create", "-n", "shop", "--dry-run=server", "deployment", "web", "--image=a")
    assert (options.namespace, options.dry_run, options.wait) == ("shop", "server", "true")


def test_options_that_need_no_value_do_not_take_the_next_word():
    options = parsed("delete", "--wait", "pod", "--cascade", "web", "--dry-run")
    assert options.words == ["pod", "web"]
    assert (options.wait, options.cascade, options.dry_run) == ("true", "background", "client")


def test_unknown_options_are_bad_usage(capsys):
    with pytest.raises(SystemExit) as done:
        parsed("delete", "pod", "--nonsense")
    assert done.value.code == 2
    assert "unrecognized arguments: --nonsense" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["po"], [Target(PODS, ())]),
        (["Deployment", "a", "b"], [Target(DEPLOYMENTS, ("a", "b"))]),
        (["deploy/a", "pod/b"], [Target(DEPLOYMENTS, ("a",)), Target(PODS, ("b",))]),
        (["rs.apps"], [Target(REPLICA_SETS, ())]),
        (["replicasets.v1.apps"], [Target(REPLICA_SETS, ())]),
        (["pods,po"], [Target(PODS, ())]),
    ],
    ids=str,
)
def test_kinds_and_names_are_found(words, expected):
    assert parse_targets(BUILTIN, words) == expected


def test_all_is_a_category():
    names = [target.resource.plural for target in parse_targets(BUILTIN, ["all"])]
    assert names == [
        *("pods", "services", "replicationcontrollers"),
        *("deployments", "replicasets", "daemonsets", "statefulsets"),
        *("jobs", "cronjobs", "horizontalpodautoscalers"),
    ]


def test_unknown_kinds_are_refused():
    with pytest.raises(CommandError, match='the server doesn\'t have a resource type "deploys"'):
        parse_targets(BUILTIN, ["deploys"])


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("1m30s", 90), ("2h", 7200), ("0.5m", 30)]
)
def test_durations(text, seconds):
    assert duration(text) == seconds


def test_what_is_no_duration_is_refused():
    with pytest.raises(argparse.ArgumentTypeError, match="no duration: 'soon'"):
        duration("soon")


def test_the_data_directory_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("PYKUBE_DATA_DIR", "/a")
    assert str(default_data_dir()) == "/a"
    monkeypatch.delenv("PYKUBE_DATA_DIR")
    monkeypatch.setenv("XDG_DATA_HOME", "/b")
    assert str(default_data_dir()) == "/b/pykube"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", "/c")
    assert str(default_data_dir()) == "/c/.local/share/pykube"
