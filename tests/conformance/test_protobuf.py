"""Objects in protobuf are those that Go and kubectl write, byte for byte."""

import base64
import gzip
import json
from pathlib import Path

from pykube_core.api.machinery.protobuf import decode_object, encode_object

RECORDED = Path(__file__).parent / "kubernetes-v1.37.2"


def test_objects_of_every_kind_are_what_go_writes_in_both_forms():
    kinds = set()
    for line in gzip.decompress((RECORDED / "protobuf.jsonl.gz").read_bytes()).splitlines():
        text, obj = json.loads(line)
        data = base64.b64decode(text)
        assert decode_object(data) == obj
        assert encode_object(obj) == data
        kinds.add((obj["apiVersion"], obj["kind"]))
    assert len(kinds) == 162


def test_bodies_of_kubectl_decode_and_are_written_the_same():
    lines = (RECORDED / "protobuf-bodies.jsonl").read_text().splitlines()
    for sent in map(json.loads, lines):
        data = base64.b64decode(sent["body"])
        assert encode_object(decode_object(data)) == data, sent["args"]
