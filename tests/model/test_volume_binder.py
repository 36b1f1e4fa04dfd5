"""All nodes at once, held against one node at a time as upstream's binder.go reads."""

from random import Random

import pytest

from pykube_core.scheduler.placer.volumes import ask_volumes
from pykube_core.scheduler.tables.volume_cache import VolumeCache, pod_claims
from tests.unit.scheduler.storage_world import (
    ANNOTATION_BIND_COMPLETED,
    HOST,
    ZONE,
    claim,
    node_rows,
    pod,
    volume,
)

SELECTED = "volume.kubernetes.io/selected-node"
NODE, BIND, SPACE, MISSING = 1, 2, 4, 8
CLASSES = ("static", "dynamic", "tracked", "pinned")


def random_world(random):
    """Return nodes with their labels, storage objects, and the names of claims."""
    nodes = {
        f"n{i}": {HOST: f"n{i}", ZONE: random.choice("xyz")} for i in range(random.randint(1, 6))
    }
    names = [f"c{i}" for i in range(random.randint(1, 7))]
    volumes, claims = [], []
    for i in range(random.randint(0, 9)):
        where = random.choice(
            ({}, {"host": random.choice([*nodes])}, {"zone": random.choice("xyz")})
        )
        kept = random.choice((None, None, None, *names, "other"))
        more = {} if kept is None else {"claimRef": {"namespace": "default", "name": kept}}
        item = volume(
            f"v{i}",
            size=f"{random.randint(1, 4)}Gi",
            storage_class=random.choice(CLASSES),
            volumeMode=random.choice(("Filesystem", "Filesystem", "Block")),
            labels={"tier": random.choice("ab")},
            **where,
            **more,
        )
        item["status"]["phase"] = random.choice(("Available", "Available", "Released"))
        volumes.append(item)
    for name in names:
        bound = random.choice((None, None, None, "v0", "gone"))
        pinned = {SELECTED: random.choice([*nodes])} if random.random() < 0.15 else {}
        more = {"selector": {"matchLabels": {"tier": "a"}}} if random.random() < 0.3 else {}
        size = f"{random.randint(1, 4)}Gi"
        chosen = random.choice(CLASSES)
        claims.append(
            claim(name, storage_class=chosen, size=size, volume=bound, annotations=pinned, **more)
        )
    return nodes, names, {"persistentVolumes": volumes, "persistentVolumeClaims": claims}


def other_objects(random):
    """Return classes, a driver that tracks capacity, and capacities."""
    topology = [{"matchLabelExpressions": [{"key": ZONE, "values": ["x", "y"]}]}]
    rules = {
        "static": ("kubernetes.io/no-provisioner", []),
        "dynamic": ("d", []),
        "tracked": ("t", []),
        "pinned": ("d", topology),
    }
    return {
        "storageClasses": [
            {
                "metadata": {"name": name},
                "provisioner": provisioner,
                "volumeBindingMode": "WaitForFirstConsumer",
                "allowedTopologies": terms,
            }
            for name, (provisioner, terms) in rules.items()
        ],
        "csiDrivers": [{"metadata": {"name": "t"}, "spec": {"storageCapacity": True}}],
        "csiStorageCapacities": [
            {
                "metadata": {"name": f"s{i}", "namespace": "default"},
                "storageClassName": "tracked",
                "nodeTopology": {"matchLabels": {ZONE: random.choice("xyz")}},
                "capacity": f"{random.randint(0, 4)}Gi",
            }
            for i in range(random.randint(0, 3))
        ],
    }


class OneNode:
    """FindPodVolumes on one node, over API objects and what was assumed about them."""

    def __init__(self, objects, references, selected):
        self.claims = {c["metadata"]["name"]: c for c in objects["persistentVolumeClaims"]}
        self.volumes = objects["persistentVolumes"]
        self.classes = {c["metadata"]["name"]: c for c in objects["storageClasses"]}
        self.capacities = objects["csiStorageCapacities"]
        self.references, self.selected = references, selected

    def find(self, names, node, labels):
        """Return the bits of the reasons, and the volume or None of each claim to be bound."""
        detail = 0
        items = [self.claims[name] for name in names]
        bound = [c for c in items if ANNOTATION_BIND_COMPLETED in c["metadata"]["annotations"]]
        for item in bound:
            found = [v for v in self.volumes if v["metadata"]["name"] == item["spec"]["volumeName"]]
            if not found or not reaches(found[0], labels):
                detail |= NODE if found else MISSING
                break
        waiting = [c for c in items if c not in bound]
        promised = [c for c in waiting if self._selected(c) is not None]
        if any(self._selected(c) != node for c in promised):
            return detail | BIND, {}
        chosen, unmatched = {}, []
        rest = sorted((c for c in waiting if c not in promised), key=size_of)
        for item in rest:
            match = self._match(item, chosen.values(), labels)
            if match is None:
                unmatched.append(item)
            else:
                chosen[item["metadata"]["name"]] = match
        return detail | self._provision(promised + unmatched, labels), chosen

    def _selected(self, item):
        name = item["metadata"]["name"]
        return self.selected.get(name, item["metadata"]["annotations"].get(SELECTED))

    def _match(self, item, taken, labels):
        best = None
        name, spec = item["metadata"]["name"], item["spec"]
        for candidate in self.volumes:
            its = candidate["metadata"]["name"]
            reference = self.references.get(
                its, (candidate["spec"].get("claimRef") or {}).get("name")
            )
            if its in taken or candidate["spec"]["storageClassName"] != spec["storageClassName"]:
                continue
            if reference not in (None, name) or capacity_of(candidate) < size_of(item):
                continue
            if candidate["spec"]["volumeMode"] != "Filesystem":
                continue
            if reference == name:
                return its if reaches(candidate, labels) else None
            wanted = (spec.get("selector") or {}).get("matchLabels") or {}
            if not wanted.items() <= candidate["metadata"]["labels"].items():
                continue
            if candidate["status"]["phase"] != "Available" or not reaches(candidate, labels):
                continue
            if best is None or capacity_of(candidate) < capacity_of(best):
                best = candidate
        return None if best is None else best["metadata"]["name"]

    def _provision(self, items, labels):
        for item in items:
            rule = self.classes[item["spec"]["storageClassName"]]
            if rule["provisioner"] == "kubernetes.io/no-provisioner":
                return BIND
            if rule["allowedTopologies"] and labels[ZONE] not in ("x", "y"):
                return BIND
            rooms = [
                s
                for s in self.capacities
                if s["nodeTopology"]["matchLabels"][ZONE] == labels[ZONE]
                and gibibytes(s["capacity"]) >= size_of(item)
            ]
            if rule["provisioner"] == "t" and not rooms:
                return SPACE
        return 0


def gibibytes(text):
    return int(text.removesuffix("Gi"))


def size_of(item):
    return gibibytes(item["spec"]["resources"]["requests"]["storage"])


def capacity_of(item):
    return gibibytes(item["spec"]["capacity"]["storage"])


def reaches(item, labels):
    affinity = item["spec"].get("nodeAffinity")
    if affinity is None:
        return True
    (term,) = affinity["required"]["nodeSelectorTerms"]
    return all(labels[e["key"]] in e["values"] for e in term["matchExpressions"])


@pytest.mark.parametrize("seed", range(300))
def test_all_rows_at_once_are_what_each_node_would_say(seed):
    random = Random(seed)
    nodes, names, objects = random_world(random)
    objects |= other_objects(random)
    storage, rows = VolumeCache(objects), node_rows(nodes)
    references, selected = {}, {}
    for _ in range(4):
        item = pod(*random.sample(names, random.randint(1, min(3, len(names)))))
        used = [name for name, _ in pod_claims(item)]
        answer = ask_volumes(item, storage, rows)
        one = OneNode(objects, references, selected)
        found = [one.find(used, node, labels) for node, labels in nodes.items()]
        assert answer.binding.tolist() == [detail for detail, _ in found]
        fits = [row for row, (detail, _) in enumerate(found) if detail == 0]
        if not fits:
            continue
        row = random.choice(fits)
        assumed = answer.reserve(storage, row, f"n{row}")
        assert sorted(assumed.volumes) == sorted(found[row][1].values())
        references |= {its: name for name, its in found[row][1].items()}
        selected |= {name: f"n{row}" for _, name in assumed.claims}
