"""Every kind of an empty cluster is served, with its defaults, cells and first status."""

import copy
import gzip
import json
from pathlib import Path

import pytest
from seeds import NAME_OF, SEEDS

from pykube_core.api.builtin import BUILTIN
from pykube_core.api.intake import Mode, complete
from pykube_core.apiserver import ApiServer
from pykube_core.apiserver.endpoints.discovery import Discovery
from pykube_core.store import Store

RECORDED = Path(__file__).parents[2] / "conformance/kubernetes-v1.37.2"
NOW = 1_700_000_000 * 10**9


@pytest.fixture
def server():
    with Store() as store:
        server = ApiServer(store, clock=lambda: NOW)
        server.bootstrap()
        yield server


def test_discovery_is_that_of_an_empty_cluster():
    recorded = json.loads(gzip.decompress((RECORDED / "discovery.json.gz").read_bytes()))
    found = Discovery(BUILTIN)
    assert [found.aggregated(core=True), found.aggregated(core=False)] == recorded


@pytest.mark.parametrize("resource", BUILTIN.kept, ids=lambda r: r.kind)
def test_an_object_of_each_kind_is_made_shown_and_updated(resource, server):
    name = NAME_OF.get(resource.kind, "x")
    made = server.create(resource, {"metadata": {"name": name}} | SEEDS[resource.kind])
    held = made.decode()
    assert len(resource.cells(held, NOW)) == len(resource.columns)
    assert ("generation" in held["metadata"]) == resource.counts_generations
    assert not resource.has_status or "status" in held
    again = copy.deepcopy(held)
    complete(resource, again, Mode.SERVER)
    assert again == held
    changed = held | {"metadata": held["metadata"] | {"labels": {"c": "d"}}}
    updated = server.update(resource, changed, name, made.namespace).decode()
    assert updated["metadata"]["labels"]["c"] == "d"
    assert updated["metadata"].get("generation") == held["metadata"].get("generation")
    assert [found.name for found in server.list(resource).items if found.name == name] == [name]
    server.delete(resource, name, made.namespace)
