import time

import pytest

from pykube_core.api.machinery.decoding import DecodeError, decode
from pykube_core.api.machinery.schema import (
    ABSENT,
    kind_struct,
    package_of,
    packages,
    struct_of_type,
)


def field(struct, name):
    return struct_of_type(struct).fields[name]


def all_structs():
    return [f"{name}.{short}" for name in packages() for short in package_of(name).structs]


def test_a_field_has_all_that_the_api_says_of_it():
    volumes = field("core.v1.PodSpec", "volumes")
    assert (volumes.number, volumes.type.go) == (1, "[]v1.Volume")
    assert (volumes.list_type, volumes.map_keys, volumes.merge_key) == ("map", ("name",), "name")
    assert volumes.strategies == ("merge", "retainKeys")
    assert field("core.v1.Container", "ports").map_keys == ("containerPort", "protocol")
    assert field("core.v1.Container", "ports").merge_key == "containerPort"
    assert field("core.v1.PodSpec", "restartPolicy").type.enum == ("Always", "Never", "OnFailure")
    assert field("core.v1.PodSpec", "nodeSelector").map_type == "atomic"
    assert field("meta.v1.ObjectMeta", "finalizers").merge_key == ""
    assert struct_of_type("core.v1.SecretKeySelector").map_type == "atomic"
    assert struct_of_type("core.v1.SeccompProfile").unions[0].fields == ("localhostProfile",)


def test_what_go_writes_when_it_is_zero_is_known():
    written = {
        ("core.v1.Pod", "spec"): (True, True),
        ("core.v1.Toleration", "tolerationSeconds"): (False, True),
        ("core.v1.TypedLocalObjectReference", "apiGroup"): (True, True),
        ("core.v1.Container", "image"): (False, False),
        ("meta.v1.ObjectMeta", "creationTimestamp"): (False, False),
        ("meta.v1.Condition", "lastTransitionTime"): (True, True),
    }
    for (struct, name), expected in written.items():
        found = field(struct, name)
        assert (found.written, found.keeps_zero) == expected, name


def test_defaults_are_the_zero_of_a_type_but_where_upstream_has_another():
    assert field("core.v1.ServicePort", "protocol").default == "TCP"
    assert field("core.v1.Container", "name").default == ""
    assert field("core.v1.Container", "image").default is ABSENT
    assert field("core.v1.Pod", "spec").default == {}


def test_embedded_structures_have_their_fields_in_place():
    volume = struct_of_type("core.v1.Volume")
    assert [part.name for part in volume.parts] == ["name", ""]
    assert volume.fields["emptyDir"].number == 2
    assert "volumeSource" not in volume.fields


def test_every_type_of_every_field_is_there():
    for name in all_structs():
        for each in struct_of_type(name).parts:
            type = each.type
            while type.item is not None:
                type = type.item
            if type.kind == "struct":
                assert struct_of_type(type.name)


def test_numbers_are_unique_in_a_structure():
    for name in all_structs():
        numbers = [part.number for part in struct_of_type(name).parts if part.number]
        assert len(numbers) == len(set(numbers)), name


def test_kinds_are_found_by_their_exact_group():
    assert kind_struct("rbac.authorization.k8s.io", "v1", "Role") == "rbac.v1.Role"
    assert kind_struct("", "v1", "Pod") == "core.v1.Pod"
    assert kind_struct("meta.k8s.io", "v1", "Table") == "meta.v1.Table"
    for group, kind in [("apps.example.com", "Deployment"), ("", "PodSpec"), ("core", "Pod")]:
        with pytest.raises(KeyError):
            kind_struct(group, "v1", kind)


def test_the_largest_package_is_parsed_in_little_time():
    package_of.cache_clear()
    struct_of_type.cache_clear()
    before = time.process_time()
    for short in package_of("core.v1").structs:
        struct_of_type(f"core.v1.{short}")
    assert time.process_time() - before < 0.1


def crd(schema):
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": "foos", "kind": "Foo"}
    spec = {"group": "example.com", "names": names, "scope": "Cluster", "versions": [version]}
    return {"metadata": {"name": "foos.example.com"}, "spec": spec}


def decoded(schema):
    found = decode("apiextensions.v1.CustomResourceDefinition", crd(schema))
    return found["spec"]["versions"][0]["schema"]["openAPIV3Schema"]


def test_schemas_of_custom_resources_decode_with_what_may_stand_in_their_place():
    schema = {
        "type": "object",
        "properties": {"a": {"type": "array", "items": {"type": "string"}}, "b": {}},
        "additionalProperties": False,
        "default": {"x": None},
        "enum": [None, 1],
        "dependencies": {"a": ["b"]},
    }
    assert decoded(schema) == schema
    assert decoded({"items": {"type": "string", "foo": 1}}) == {"items": {"type": "string"}}


@pytest.mark.parametrize(
    ("schema", "detail"),
    [
        ({"additionalProperties": "x"}, "boolean or JSON schema expected"),
        ({"items": {"type": 1}}, "cannot unmarshal number into Go struct field"),
        ({"properties": {"a": {"foo": 1}}}, "openAPIV3Schema.properties.a.foo"),
    ],
)
def test_bad_schemas_of_custom_resources_are_refused(schema, detail):
    with pytest.raises(DecodeError) as error:
        decoded(schema)
    assert detail in str(error.value)


def test_a_schema_that_nests_without_end_is_refused():
    schema = {}
    for _ in range(100_000):
        schema = {"not": schema}
    with pytest.raises(DecodeError, match="exceeded max depth"):
        decoded(schema)
