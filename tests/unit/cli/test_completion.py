import shutil
import subprocess

import pytest

from pykube_core.cli import COMMANDS, build_parser
from pykube_core.cli.completion import SHELLS, verbs


@pytest.mark.parametrize("shell", sorted(SHELLS))
def test_every_command_and_option_is_offered(shell):
    found = list(verbs(build_parser()))
    script = SHELLS[shell](found)
    assert [verb.name for verb in found] == [command.name for command in COMMANDS]
    for verb in found:
        assert verb.name in script
        for option in verb.options:
            for flag in option.flags:
                assert flag.lstrip("-") in script


@pytest.mark.parametrize("shell", sorted(SHELLS))
def test_policies_and_choices_are_offered(shell):
    script = SHELLS[shell](list(verbs(build_parser())))
    for word in ("most-allocated", "lexical", "json", "zsh"):
        assert word in script


@pytest.mark.parametrize("shell", sorted(SHELLS))
def test_script_parses(shell):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = SHELLS[shell](list(verbs(build_parser())))
    check = "--no-execute" if shell == "fish" else "-n"
    done = subprocess.run([shell, check], input=script, text=True, capture_output=True)
    assert (done.returncode, done.stderr) == (0, "")


def bash_completes(*words):
    """Return what bash offers after these words, the last of which is under way."""
    script = SHELLS["bash"](list(verbs(build_parser())))
    line = " ".join(f"'{word}'" for word in words)
    ask = f"{script}\nCOMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _pykube\n"
    ask += 'printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", ask], text=True, capture_output=True, check=True)
    return done.stdout.split()


def test_bash_completes_commands_options_and_values(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").touch()
    assert bash_completes("pykube", "com") == ["compare", "completion"]
    assert bash_completes("pykube", "compare", "--rep") == ["--replay", "--report"]
    assert bash_completes("pykube", "compare", "--policy", "m") == ["mine.py", "most-allocated"]
    assert bash_completes("pykube", "completion", "f") == ["fish"]


def test_bash_completes_kinds_and_formats(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert bash_completes("pykube", "get", "depl") == ["deployments", "deploy"]
    assert bash_completes("pykube", "get", "-o", "wi") == ["wide"]
    assert bash_completes("pykube", "create", "dep") == ["deployment", "deploy"]
    assert bash_completes("pykube", "delete", "--cascade", "orp") == ["orphan"]
