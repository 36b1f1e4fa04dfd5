"""What requirements.lock promises; whether pyproject.toml's bounds work, make test-oldest says."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = (ROOT / "requirements.lock").read_text()
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def locked():
    """Return the requirement lines of the lock, each with its hashes."""
    text = re.sub(r"#.*", "", LOCK).replace("\\\n", " ")
    lines = [line.split() for line in text.splitlines() if line.strip()]
    starts = [" ".join(word for word in words if "--hash" not in word) for words in lines]
    hashes = [[word for word in words if "--hash" in word] for words in lines]
    return list(zip(map(Requirement, starts), hashes, strict=True))


def wanted():
    groups = PROJECT["dependency-groups"]
    extras = PROJECT["project"]["optional-dependencies"]
    every = chain(
        PROJECT["build-system"]["requires"], PROJECT["project"]["dependencies"],
        *extras.values(), *groups.values(),
    )  # fmt: skip
    return [Requirement(text) for text in every if isinstance(text, str)]


@pytest.mark.parametrize("python", PYTHONS)
def test_lock_has_every_requirement_in_one_version_that_pyproject_admits(python):
    environment = {"python_version": python, "python_full_version": f"{python}.0"}
    held = {}
    for requirement, _ in locked():
        if requirement.marker is None or requirement.marker.evaluate(environment):
            name = canonicalize_name(requirement.name)
            assert name not in held, "two versions for one Python"
            (exact,) = requirement.specifier
            assert exact.operator == "=="
            held[name] = exact.version
    for requirement in wanted():
        version = held.get(canonicalize_name(requirement.name))
        assert version is not None, f"make lock: {requirement} is not in it"
        assert version in requirement.specifier, f"make lock: {version} is not {requirement}"


def test_every_locked_version_has_hashes():
    for requirement, hashes in locked():
        assert hashes, requirement
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", text) for text in hashes)


def test_what_builds_is_locked_in_the_group_that_the_makefile_builds_with():
    group = PROJECT["dependency-groups"]["build"]
    assert set(PROJECT["build-system"]["requires"]) <= set(group)


def test_each_python_that_the_lock_is_for_is_said_in_one_way():
    makefile = (ROOT / "Makefile").read_text()
    assert f"PYTHONS := {' '.join(PYTHONS)}\n" in makefile
    assert PROJECT["project"]["requires-python"] == f">={PYTHONS[0]}"
