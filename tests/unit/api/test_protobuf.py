import random
import time

import pytest

from pykube_core.api.machinery.protobuf import (
    DEPTH_MAX,
    MAGIC,
    ProtobufError,
    decode_object,
    encode_object,
)
from pykube_core.api.machinery.protobuf.wire import varint

POD = {
    "kind": "Pod",
    "apiVersion": "v1",
    "metadata": {"name": "web", "labels": {"a": "b"}, "creationTimestamp": "2026-11-23T05:16:02Z"},
    "spec": {
        "containers": [
            {
                "name": "c",
                "image": "x",
                "resources": {"requests": {"cpu": "250m"}},
                "livenessProbe": {"httpGet": {"port": "http"}},
            }
        ],
        "nodeSelector": {"k": ""},
        "terminationGracePeriodSeconds": 0,
    },
    "status": {},
}
CRD = "apiextensions.k8s.io/v1", "CustomResourceDefinition"


def field(number, body):
    return varint(number << 3 | 2) + varint(len(body)) + body


def envelope(raw, version="v1", kind="Pod"):
    meta = field(1, version.encode()) + field(2, kind.encode())
    return MAGIC + field(1, meta) + field(2, raw)


def refusal(data):
    with pytest.raises(ProtobufError) as error:
        decode_object(data)
    return str(error.value)


def test_an_object_comes_back_as_it_was():
    assert decode_object(encode_object(POD)) == POD


def test_null_is_absent_and_unknown_fields_are_left_out():
    more = POD | {"foo": 1, "status": None, "spec": POD["spec"] | {"volumes": None}}
    assert encode_object(more) == encode_object(POD)


def test_the_last_of_a_scalar_counts_and_pieces_of_a_message_are_one():
    named = field(1, field(1, b"a") + field(3, b"ns")) + field(1, field(1, b"b"))
    assert decode_object(envelope(named))["metadata"] == {"name": "b", "namespace": "ns"}
    volume = field(1, b"v") + field(2, field(2, b"")) + field(2, field(2, field(1, b"Memory")))
    spec = field(2, field(1, volume))
    assert decode_object(envelope(spec))["spec"]["volumes"] == [
        {"name": "v", "emptyDir": {"medium": "Memory"}}
    ]


def test_unknown_fields_and_groups_are_skipped():
    group = varint(200 << 3 | 3) + varint(7 << 3) + b"\x01" + varint(200 << 3 | 4)
    unknown = field(99, b"xyz") + varint(98 << 3 | 1) + bytes(8) + varint(97 << 3 | 5) + bytes(4)
    raw = group + unknown + field(1, field(1, b"a"))
    assert decode_object(envelope(raw))["metadata"] == {"name": "a"}


def test_the_kind_may_come_from_the_request():
    data = MAGIC + field(2, field(1, field(1, b"a")))
    assert decode_object(data, "v1", "Pod")["metadata"] == {"name": "a"}
    assert decode_object(data, "v1", "Pod")["kind"] == "Pod"


def test_options_and_statuses_have_kinds_too():
    options = {"kind": "DeleteOptions", "apiVersion": "apps/v1", "gracePeriodSeconds": 0}
    assert decode_object(encode_object(options)) == options
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "code": 404}
    assert decode_object(encode_object(status)) == status


def test_times_keep_what_json_keeps():
    def lease(body):
        spec = field(3, body)
        data = envelope(field(2, spec), "coordination.k8s.io/v1", "Lease")
        return decode_object(data)["spec"].get("acquireTime", "absent")

    assert lease(b"\x08\x01\x10\x81\xfa\x01") == "1970-01-01T00:00:01.000032Z"
    assert lease(b"") is None
    with pytest.raises(ProtobufError, match="year outside"):
        lease(b"\x08" + varint(-(10**12)))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty data"),
        (b"{}", "provided data does not appear to be a protobuf message"),
        (MAGIC, "empty body"),
        (MAGIC + field(2, b""), "Object 'Kind' is missing"),
        (envelope(b"", kind="Foo"), 'no kind "Foo" is registered for version "v1"'),
        (envelope(b"", "apps.example.com/v1", "Deployment"), 'no kind "Deployment"'),
        (envelope(b"\x0a"), "unexpected EOF"),
        (envelope(b"\x0a\x05a"), "unexpected EOF"),
        (envelope(b"\x80"), "unexpected EOF"),
        (envelope(b"\x0a" + b"\xff" * 9 + b"\x01"), "proto: negative length found"),
        (envelope(b"\x0a" + b"\x80" * 10), "proto: integer overflow"),
        (envelope(b"\x08\x01"), "proto: wrong wireType = 0 for field Metadata"),
        (envelope(b"\x00"), "proto: Pod: illegal tag 0 (wire type 0)"),
        (envelope(b"\x0c"), "proto: Pod: wiretype end group for non-group"),
        (envelope(b"\x9f\x06"), "proto: illegal wireType 7"),
        (envelope(field(1, field(1, b"\xff"))), "proto: string field contains invalid UTF-8"),
        (envelope(varint(99 << 3 | 3) * 20_000), "proto: groups are nested too deep"),
        (envelope(field(2, field(32, field(2, field(1, b"1x"))))), "quantities must match"),
    ],
)
def test_bad_bytes_are_refused_in_words(data, message):
    assert message in refusal(data)


def test_messages_that_nest_without_end_are_refused():
    schema = b""
    for _ in range(DEPTH_MAX):
        schema = field(28, schema)
    raw = field(2, field(7, field(4, field(1, schema))))
    assert "nested too deep" in refusal(envelope(raw, *CRD))
    nested = envelope(b"", "v1", "List")
    for _ in range(DEPTH_MAX):
        nested = envelope(field(2, field(1, nested)), "v1", "List")
    assert "nested too deep" in refusal(nested)


def test_many_pieces_of_messages_in_messages_are_read_in_linear_time():
    piece = b""
    for _ in range(60):
        piece = field(28, piece) * 2 if len(piece) < 100_000 else field(28, piece)
    raw = field(2, field(7, field(4, field(1, piece))))
    before = time.process_time()
    decode_object(envelope(raw, *CRD))
    decode_object(envelope(b"\x0a\x00" * 300_000))
    assert time.process_time() - before < 10


def test_no_bytes_make_the_decoder_fail_in_another_way():
    rng = random.Random(7)
    seeds = [encode_object(POD), envelope(field(2, field(7, field(4, b""))), *CRD)]
    for _ in range(3000):
        data = bytearray(rng.choice(seeds))
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(4, len(data))
            match rng.randrange(4):
                case 0:
                    data[at] = rng.randrange(256)
                case 1:
                    del data[at : at + rng.randint(1, 9)]
                case 2:
                    data[at:at] = rng.randbytes(rng.randint(1, 9))
                case _:
                    stop = min(len(data), at + rng.randint(1, 30))
                    data[at:at] = data[at:stop]
            if len(data) < 6:
                break
        try:
            obj = decode_object(bytes(data))
        except ProtobufError:
            continue
        again = decode_object(encode_object(obj))
        assert decode_object(encode_object(again)) == again
