import json
from types import SimpleNamespace

import pytest

from pykube_core.api.machinery.errors import InputError
from pykube_core.cluster.settings import load_settings

PLACE = "ConfigMap kube-system/pykube-settings: "
NONE = "not the settings of a cluster: "


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (b"{", f"{PLACE}{NONE}line 1: the JSON text ends too early"),
        (b"{}", f"{PLACE}{NONE}data: Required value"),
        (
            {"other": "{}"},
            f"{PLACE}data[settings.json]: {NONE}line 1: the JSON text ends too early",
        ),
        ({"settings.json": "7"}, f"{PLACE}data[settings.json]: {NONE}expected an object, got 7"),
        ({"settings.json": "{}"}, f"{PLACE}data[settings.json]: {NONE}seed: Required value"),
    ],
)
def test_a_store_with_other_settings_is_refused_in_our_own_words(value, words):
    data = value if isinstance(value, bytes) else json.dumps({"data": value}).encode()
    store = SimpleNamespace(get=lambda key: SimpleNamespace(value=data))
    with pytest.raises(InputError) as error:
        load_settings(store)
    assert str(error.value) == words
