"""Objects are stored as kube-apiserver 1.37 stored them: their defaults and first statuses."""

import copy
import json
from pathlib import Path

import pytest

from pykube_core.api.builtin import BUILTIN
from pykube_core.api.core import NAMESPACES
from pykube_core.api.machinery.times import time_text
from pykube_core.apiserver import ApiServer
from pykube_core.store import Store

RECORDED = Path(__file__).parent / "kubernetes-v1.37.2/objects.jsonl"
OBJECTS = list(map(json.loads, RECORDED.read_text().splitlines()))
NOW = 1_700_000_000 * 10**9
GIVEN_OUT = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy")
"""Fields of a service that the API server's allocators fill in."""


def stored(sent, namespace):
    """Return an object that was created, without metadata that differ, and its uid."""
    group, _, version = sent["apiVersion"].rpartition("/")
    resource = BUILTIN.of_kind(sent["kind"], group, version)
    with Store() as store:
        server = ApiServer(store, clock=lambda: NOW)
        server.bootstrap()
        if namespace not in ("", "default"):
            server.create(NAMESPACES, {"metadata": {"name": namespace}})
        made = server.create(resource, sent, namespace)
        found = made.decode()
    for field in ("uid", "resourceVersion", "creationTimestamp"):
        del found["metadata"][field]
    return found, made.uid


@pytest.mark.parametrize(
    "case", OBJECTS, ids=[f"{i}-{case['sent']['kind']}" for i, case in enumerate(OBJECTS)]
)
def test_an_object_is_stored_as_a_real_server_stored_it(case):
    real = copy.deepcopy(case["stored"])
    found, uid = stored(case["sent"], real["metadata"].get("namespace", ""))
    text = json.dumps(real).replace(real["metadata"].pop("uid"), uid)
    real = json.loads(text.replace("<time>", time_text(NOW)))
    real["metadata"].pop("uid", None)
    if real["kind"] == "PersistentVolume":
        del real["metadata"]["finalizers"]  # Nobody would take it off again.
    if real["kind"] == "Service":
        for field in GIVEN_OUT:
            for spec in (real["spec"], found["spec"]):
                spec.pop(field, None)
    assert found == real
