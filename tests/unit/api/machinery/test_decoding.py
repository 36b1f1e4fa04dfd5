import pytest
from hypothesis import given
from hypothesis import strategies as st

from pykube_core.api.machinery.decoding import DecodeError, decode, decode_json

PREFIX = 'Pod in version "v1" cannot be handled as a Pod: '
FORMAT_WRONG = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)


def containers(*items):
    return {"spec": {"containers": list(items)}}


def into(found, place, go_type):
    return f"json: cannot unmarshal {found} into Go {place} of type {go_type}"


def message(obj, struct="core.v1.Pod"):
    with pytest.raises(DecodeError) as error:
        decode(struct, obj)
    return str(error.value)


@pytest.mark.parametrize(
    ("obj", "detail"),
    [
        ({"foo": 1}, 'strict decoding error: unknown field "foo"'),
        (
            {"spec": {"foo": 1, "containers": [{}, {"livenessProbe": {"bar": 1}}]}},
            'strict decoding error: unknown field "spec.foo", '
            'unknown field "spec.containers[1].livenessProbe.bar"',
        ),
        (
            {"spec": {"priority": "9"}},
            into("string", "struct field PodSpec.spec.priority", "int32"),
        ),
        (
            {"spec": {"priority": 2**31}},
            into("number 2147483648", "struct field PodSpec.spec.priority", "int32"),
        ),
        (
            {"spec": {"priority": 1.5}},
            into("number 1.5", "struct field PodSpec.spec.priority", "int32"),
        ),
        (
            containers({"image": 5}),
            into("number", "struct field Container.spec.containers.image", "string"),
        ),
        (
            {"spec": {"containers": {}}},
            into("object", "struct field PodSpec.spec.containers", "[]v1.Container"),
        ),
        (
            {"spec": {"nodeSelector": []}},
            into("array", "struct field PodSpec.spec.nodeSelector", "map[string]string"),
        ),
        (
            {"spec": {"restartPolicy": True}},
            into("bool", "struct field PodSpec.spec.restartPolicy", "v1.RestartPolicy"),
        ),
        (
            {"metadata": {"labels": {"a": 1}}},
            into("number", "struct field ObjectMeta.metadata.labels", "string"),
        ),
        ([], into("array", "value", "v1.Pod")),
        ({"spec": {"overhead": {"cpu": "1 core"}}}, FORMAT_WRONG),
        ({"spec": {"overhead": {"cpu": True}}}, FORMAT_WRONG),
        ({"spec": {"overhead": {"cpu": "1x", "memory": 1}, "foo": 1}}, FORMAT_WRONG),
        ({"metadata": {"creationTimestamp": 5}}, into("number", "value", "string")),
        (
            containers({"livenessProbe": {"httpGet": {"port": 1.5}}}),
            into("number 1.5", "value", "int32"),
        ),
    ],
)
def test_wrong_objects_are_refused_in_an_api_servers_words(obj, detail):
    assert message(obj) == PREFIX + detail


def test_unknown_fields_are_reported_only_when_every_type_is_right():
    assert "unknown field" not in message({"foo": 1, "spec": 7})


def test_at_most_a_hundred_unknown_fields_are_named():
    assert message({f"f{i}": 1 for i in range(5000)}).count("unknown field") == 100


def test_null_is_legal_everywhere_and_decodes_to_what_go_holds():
    spec = {
        "containers": [None, {"args": [None], "ports": None}],
        "overhead": {"cpu": None},
        "nodeSelector": {"a": None},
    }
    assert decode("core.v1.Pod", {"metadata": None, "spec": spec}) == {
        "spec": {
            "containers": [{}, {"args": [""]}],
            "overhead": {"cpu": "0"},
            "nodeSelector": {"a": ""},
        }
    }


def test_decoded_object_shares_nothing_that_could_change():
    pod = {"metadata": {"labels": {"a": "b"}}, "spec": {"tolerations": [{"key": "k"}]}}
    decoded = decode("core.v1.Pod", pod)
    assert decoded == pod
    decoded["metadata"]["labels"]["a"] = "c"
    decoded["spec"]["tolerations"].append({})
    assert pod == {"metadata": {"labels": {"a": "b"}}, "spec": {"tolerations": [{"key": "k"}]}}


def test_fields_of_other_kinds_are_known():
    decode("storage.v1.StorageClass", {"provisioner": "x", "volumeBindingMode": "Immediate"})
    decode("scheduling.v1.PriorityClass", {"value": 7, "preemptionPolicy": "Never"})
    with pytest.raises(KeyError):
        decode("core.v1.PodSpec", {})


def test_duplicate_fields_are_named_with_their_path():
    data = b'{"spec": {"priority": 1, "containers": [{"image": "a", "image": "b"}], "priority": 2}}'
    with pytest.raises(DecodeError) as error:
        decode_json("core.v1.Pod", data)
    assert str(error.value) == PREFIX + (
        'strict decoding error: duplicate field "spec.priority", '
        'duplicate field "spec.containers[0].image"'
    )
    assert decode_json("core.v1.Pod", b'{"spec": {"priority": 1}}') == {"spec": {"priority": 1}}


@pytest.mark.parametrize(
    "data",
    [b"{", b'{"a": NaN}', b"\xff", b"[" * 100_000, b'{"a": ' + b"9" * 9999 + b"}"],
    ids=range(5),
)
def test_text_that_is_no_json_is_refused_cleanly(data):
    with pytest.raises(DecodeError, match="json parse error"):
        decode_json("core.v1.Pod", data)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["metadata", "spec", "containers", "resources", "requests", "cpu", "name"]),
        inner, max_size=4,
    ),
    max_leaves=20,
)  # fmt: skip


def refusal(value):
    try:
        decode("core.v1.Pod", value)
    except DecodeError as error:
        return str(error)
    return PREFIX


@given(json_values)
def test_any_json_decodes_or_is_refused_cleanly(value):
    assert refusal(value).startswith(PREFIX)
