"""What Kubernetes' own readers make of YAML and JSON, text by text."""

import gzip
import json
from pathlib import Path

import pytest
from yaml_json import yaml_to_json

from pykube_core.api.machinery.documents import read_documents
from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.yaml_documents import read_yaml

FILE = Path(__file__).parent / "sigs-yaml-v1.6.0" / "documents.jsonl.gz"
CASES = [json.loads(line) for line in gzip.decompress(FILE.read_bytes()).splitlines()]

# Kubernetes takes the first document and leaves out in silence what stands behind it, here told.
DROPPED = ("did not find expected <document start>", "a key must be text")
TAKEN = {  # Kubernetes refuses these, and libyaml reads them.
    r"\/": "an escape of JSON",
    "a?b": "a question mark in a plain scalar inside brackets",
    "%YAML 1.2": "a version of YAML that all write alike",
}
REFUSED = {  # Kubernetes reads these.
    "1: a\n1.0: b\n": "two keys of YAML that are one of JSON: which is taken is left to chance",
    "1: a\n'1': b\n": "the same",
    '{"a":"\\ud83d"}': "half of a surrogate pair, which is no text",
    "{? a : 1}: v\n": "a document and what is dropped behind it",
    '{"a":1} "x" true null {"b":2}': "documents that are no objects",
}
ONLY_PARSER = "\\'"  # Kubernetes and C know this escape, and libyaml does not.


def same(found, expected):
    """Compare as JSON, where True is not 1, and 1.0 is."""
    return json.dumps(found, sort_keys=True) == json.dumps(expected, sort_keys=True)


def documents(reader, text):
    """Return the documents, or the error."""
    try:
        return list(reader("x", text.encode()))
    except InputError as error:
        return error


def is_intended(text, found):
    if isinstance(found, InputError):
        return text in REFUSED or any(words in str(found) for words in DROPPED)
    return any(part in text for part in TAKEN)


def test_streams_are_read_as_kubectl_reads_them_but_for_what_is_listed():
    differing = []
    for case in CASES:
        found = documents(read_documents, case["text"])
        failed = isinstance(found, InputError)
        if "stream_error" in case or "strict" in case:
            agrees = failed or ("<<" in case["text"] and same(found, case["stream"]))
        else:
            agrees = not failed and same(found, case["stream"])
        if not agrees and not is_intended(case["text"], found):
            differing.append((case["text"], found, case["stream"], case.get("stream_error")))
    assert differing == []


def test_scalars_and_keys_are_what_kubernetes_takes_them_for():
    differing = []
    for case in CASES:
        found = documents(read_yaml, case["text"])
        failed = isinstance(found, InputError)
        if "json" not in case or "strict" in case:
            agrees = failed or ("<<" in case["text"] and same(found, [case.get("json")]))
        else:
            agrees = not failed and same(found[0] if found else None, case["json"])
        if not agrees and not is_intended(case["text"], found) and ONLY_PARSER not in case["text"]:
            differing.append((case["text"], found, case.get("json"), case.get("error")))
    assert differing == []


def test_what_c_reads_is_what_kubernetes_reads_without_exception():
    read = 0
    for case in CASES:
        found = yaml_to_json(case["text"].encode()) if case["text"] else None
        if found is not None:
            read += 1
            assert "strict" not in case, case
            assert same(json.loads(bytes(found)) if len(found) else None, case["json"]), case
    assert read > 500


@pytest.mark.parametrize("text", [*TAKEN, *REFUSED])
def test_every_listed_difference_is_one(text):
    differs = False
    for case in CASES:
        if text in case["text"]:
            for reader, error in ((read_documents, "stream_error"), (read_yaml, "error")):
                failed = isinstance(documents(reader, case["text"]), InputError)
                differs = differs or failed is not (error in case)
    assert differs
