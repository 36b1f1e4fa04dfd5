"""OpenAPI documents are those that kube-apiserver 1.37 serves, but for descriptions."""

import gzip
import hashlib
import json
from pathlib import Path

import pytest

from pykube_core.api.machinery.openapi import encode_document, operations, v2, v3

RECORDED = Path(__file__).parent / "kubernetes-v1.37.2"


def read(name):
    return json.loads(gzip.decompress((RECORDED / name).read_bytes()))


GNOSTIC = "d759a89633c333314552bad2029cce8d14102cd3e404519293433c4612a44933"
HASHES = read("openapi-hashes.json.gz")
GROUPS = [group for page in read("discovery.json.gz") for group in page["items"]]


def without_descriptions(value):
    if isinstance(value, dict):
        kept = {
            key: each
            for key, each in value.items()
            if key != "description" or not isinstance(each, str)
        }
        return {key: without_descriptions(each) for key, each in kept.items()}
    return [without_descriptions(each) for each in value] if isinstance(value, list) else value


def hashed(value):
    text = json.dumps(without_descriptions(value), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def hashes(document):
    parts = ("paths", "definitions", "components", "parameters")
    rest = {key: value for key, value in document.items() if key not in parts}
    schemas = document.get("definitions", {})
    if "components" in document:
        schemas = document["components"].get("schemas", {})
        others = {k: v for k, v in document["components"].items() if k != "schemas"}
        rest["components"] = others
    return {
        "paths": {path: hashed(each) for path, each in document["paths"].items()},
        "schemas": {name: hashed(each) for name, each in schemas.items()},
        "parameters": {k: hashed(each) for k, each in document.get("parameters", {}).items()},
        "rest": hashed(rest),
    }


def v3_documents():
    out = {"apis": v3.groups_document(), "version": v3.version_info_document()}
    out |= v3.key_set_documents()
    for group in GROUPS:
        name = group["metadata"].get("name", "")
        root = operations.root_of(name).strip("/")
        out[root] = v3.group_document(name)
        for each in group["versions"]:
            version, resources = each["version"], each["resources"]
            out[f"{root}/{version}"] = v3.version_document(name, version, resources)
    return out


DOCUMENTS = v3_documents()


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_document_of_version_3_is_as_it_was_recorded(path):
    assert hashes(DOCUMENTS[path]) == HASHES["v3/" + path.replace("/", "_")]


def test_the_index_names_every_document_with_a_hash_that_follows_its_text():
    texts = {path: v3.text_of(each) for path, each in DOCUMENTS.items()}
    index = v3.index(texts)["paths"]
    assert sorted(index) == HASHES["index"]
    url = index["apis/apps/v1"]["serverRelativeURL"]
    path, _, digest = url.partition("?hash=")
    assert path == "/openapi/v3/apis/apps/v1"
    assert len(digest) == 128
    changed = v3.index(texts | {"apis/apps/v1": b"{}"})["paths"]["apis/apps/v1"]
    assert changed["serverRelativeURL"] != url


def v2_document():
    paths = operations.groups_paths() | operations.version_info_paths()
    paths |= operations.key_set_paths()
    for group in GROUPS:
        name = group["metadata"].get("name", "")
        paths |= operations.group_paths(name)
        for each in group["versions"]:
            paths |= operations.version_paths(name, each["version"], each["resources"])
    return v2.document(paths)


def test_the_document_of_version_2_is_as_it_was_recorded():
    assert hashes(v2_document()) == HASHES["v2"]


def test_the_document_of_version_2_in_protobuf_is_what_gnostic_writes_of_it():
    # Of github.com/google/gnostic-models v0.7.0, given this document in JSON.
    written = hashlib.sha256(encode_document(v2_document())).hexdigest()
    assert written == GNOSTIC
