"""Quantities and patches are those of k8s.io/apimachinery v0.34.1, byte for byte."""

import gzip
import json
from pathlib import Path

import pytest

from pykube_core.api.builtin import BUILTIN
from pykube_core.api.core.resource_lists import round_up
from pykube_core.api.machinery.decoding import DecodeError, decode
from pykube_core.api.machinery.strategic_merge import PatchError, strategic_merge_patch
from pykube_core.api.machinery.three_way import three_way_patch

RECORDED = Path(__file__).parent / "apimachinery-v0.34.1"
STRUCTS = {resource.kind: resource.struct for resource in BUILTIN}


def lines(name):
    return [
        json.loads(line) for line in gzip.decompress((RECORDED / name).read_bytes()).splitlines()
    ]


def test_quantities_are_stored_in_the_form_that_upstream_writes():
    for value, canonical, rounded, error in lines("quantities.jsonl.gz"):
        pod = {"spec": {"overhead": {"cpu": value}}}
        if error is not None:
            with pytest.raises(DecodeError):
                decode("core.v1.Pod", pod)
            continue
        overhead = decode("core.v1.Pod", pod)["spec"]["overhead"]
        assert overhead == {"cpu": canonical}, value
        round_up(overhead)
        assert overhead == {"cpu": rounded}, value


def attempt(function, *args):
    try:
        return function(*args)
    except PatchError:
        return None


def test_patches_are_those_that_kubectl_sends_and_an_api_server_follows():
    for case in lines("patches.jsonl.gz"):
        struct, current, patch = STRUCTS[case["kind"]], case["current"], case.get("patch")
        if case["op"] == "apply":
            made = attempt(three_way_patch, struct, case["original"], case["modified"], current)
            if patch is not None:
                assert made == patch
        result = None if patch is None else attempt(strategic_merge_patch, struct, current, patch)
        assert result == case.get("result")
