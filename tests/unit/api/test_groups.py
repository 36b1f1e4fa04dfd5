"""A kind of the API has one room: a module of its group, and a line in the group's RESOURCES."""

import pkgutil
import subprocess
import sys
from importlib import import_module

import pytest

from pykube_core import api
from pykube_core.api import builtin
from pykube_core.api.machinery.columns import AGE, NAME, integers
from pykube_core.api.machinery.decoding import fields_of
from pykube_core.api.machinery.field_errors import invalid
from pykube_core.api.machinery.object_meta import validate_metadata
from pykube_core.api.machinery.registry import Registry, Resource
from pykube_core.api.machinery.status import StatusError
from pykube_core.apiserver import ApiServer
from pykube_core.store import Store

GROUPS = [
    import_module(f"pykube_core.api.{found.name}")
    for found in pkgutil.iter_modules(api.__path__)
    if found.ispkg and found.name != "machinery"
]
RESOURCES = [resource for group in GROUPS for resource in group.RESOURCES]


def validate_budget(budget):
    value = budget.get("spec", {}).get("minAvailable", 0)
    wrong = [invalid("spec.minAvailable", value, "must be even")] if value % 2 else []
    return validate_metadata(budget) + wrong


# All that a new kind is, of structures that the API has.
BUDGETS = Resource(
    kind="PodDisruptionBudget",
    plural="poddisruptionbudgets",
    group="policy",
    short_names=("pdb",),
    default=lambda budget: budget.setdefault("spec", {}).setdefault("minAvailable", 2),
    validate=validate_budget,
    columns=(NAME, *integers("Min Available"), AGE),
    cells=lambda budget, now_ns: [budget["metadata"]["name"], budget["spec"]["minAvailable"], ""],
)


def test_every_group_is_in_the_registry():
    assert set(builtin.BUILTIN) == set(RESOURCES)
    assert {resource.kind for resource in RESOURCES if resource.lister} == set(builtin.SCHEDULED)


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: f"{r.api_version}.{r.kind}")
def test_a_kind_lives_in_its_groups_package_and_has_its_structures(resource):
    (group,) = (group for group in GROUPS if resource in group.RESOURCES)
    assert group.__name__.rpartition(".")[2] == (resource.group or "core").partition(".")[0]
    shared = "pykube_core.api.machinery.object_meta", resource.stored.validate.__module__
    assert resource.validate.__module__.startswith((f"{group.__name__}.", *shared))
    assert {"kind", "apiVersion", "metadata"} <= fields_of(resource.struct).keys()


def test_a_new_kind_is_served_as_soon_as_it_is_an_entry():
    others = (resource for resource in builtin.BUILTIN if resource.kind != BUDGETS.kind)
    with Store() as store:
        server = ApiServer(store, clock=lambda: 0, registry=Registry((*others, BUDGETS)))
        server.bootstrap()
        made = server.create(BUDGETS, {"metadata": {"name": "web"}}).decode()
        assert (made["apiVersion"], made["spec"]) == ("policy/v1", {"minAvailable": 2})
        with pytest.raises(StatusError, match="must be even"):
            server.create(BUDGETS, {"metadata": {"name": "odd"}, "spec": {"minAvailable": 3}})
        assert [found.name for found in server.list(BUDGETS).items] == ["web"]


def test_reading_the_apis_kinds_imports_no_numpy():
    code = "import sys, pykube_core.api.intake; assert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
