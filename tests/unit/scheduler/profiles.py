"""Profiles as tests read them: the plugins of a point, their weights, an error."""

import pytest

from pykube_core.api.machinery.errors import InputError
from pykube_core.scheduler.config import (
    Profile,
    profile_from_dict,
)


def names(profile: Profile, point: str) -> list[str]:
    return [plugin.name for plugin in getattr(profile.plugins, point)]


def scores(profile: Profile) -> dict[str, int]:
    return dict(profile.plugins.score)


def error_of(profile: dict, **registry: set[str]) -> str:
    with pytest.raises(InputError) as caught:
        profile_from_dict(profile, registry)
    return str(caught.value)
