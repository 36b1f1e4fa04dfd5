import pytest

from pykube_core.api.core import PODS
from pykube_core.api.core.pod.deletion_cost import DELETION_COST, read_deletion_cost
from pykube_core.apiserver import ApiObject
from pykube_core.controllers.pod_ranking import candidate, least_missed
from pykube_core.controllers.pods import PodReader
from pykube_core.objects import encode

NOW = 1_795_407_362 * 10**9


def pod(name, *, related=0, node="n1", phase="Running", ready="2026-11-23T04:00:00Z", **more):
    metadata = {
        "name": name,
        "uid": more.get("uid", name),
        "creationTimestamp": more.get("created", "2026-11-23T03:00:00Z"),
        "annotations": {DELETION_COST: more["cost"]} if "cost" in more else {},
    }
    status = {"phase": phase}
    if ready:
        status["conditions"] = [{"type": "Ready", "status": "True", "lastTransitionTime": ready}]
    status["containerStatuses"] = [{"name": "c", "restartCount": more.get("restarts", 0)}]
    side = {"name": "side", "restartPolicy": "Always"}
    status["initContainerStatuses"] = [
        {"name": "side", "restartCount": more.get("side", 0)},
        {"name": "init", "restartCount": 99},
    ]
    spec = {"nodeName": node, "initContainers": [side, {"name": "init"}]}
    data = encode(PODS, {"metadata": metadata, "spec": spec, "status": status})
    obj = ApiObject.parse(PODS, PODS.key("default", name), data, 1)
    return candidate(obj, PodReader().read(obj), related)


def order(*pods):
    return [PODS.split_key(item.key)[1] for item in least_missed(pods, len(pods), NOW)]


# In each pair all that is compared before is the same; the first goes first.
PAIRS = {
    "unbound": (dict(node="", ready="", phase="Pending"), dict(ready="", phase="Pending")),
    "pending": (dict(phase="Pending", ready=""), dict(phase="Running", ready="")),
    "not ready": (dict(ready=""), dict()),
    "cheap": (dict(cost="-5"), dict()),
    "cost that is no number is none": (dict(), dict(cost="5")),
    "crowded node": (dict(related=3, ready="2026-11-22T04:00:00Z"), dict(related=1)),
    "ready for a short time": (
        dict(ready="2026-11-23T04:16:00Z"), dict(ready="2026-11-23T04:00:00Z"),
    ),
    "restarted": (dict(restarts=3), dict(restarts=1)),
    "sidecar restarted": (dict(side=3), dict(side=1)),
    "young": (dict(created="2026-11-23T04:15:00Z"), dict(created="2026-11-22T04:15:00Z")),
}  # fmt: skip


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS.keys())
def test_pod_that_is_missed_less_goes_first(pair):
    first, second = pair
    assert order(pod("a", **second), pod("b", **first)) == ["b", "a"]
    assert order(pod("a", **first), pod("b", **second)) == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "cost"),
    [("5", 5), ("-5", -5), ("0", 0), ("-0", 0), ("-05", -5), ("+5", 0), ("05", 0), ("00", 0),
     ("2147483647", 2**31 - 1), ("2147483648", 0), ("-2147483648", -(2**31)), ("-2147483649", 0),
     ("", 0), ("-", 0), (" 5", 0), ("5.0", 0), ("1_0", 0), ("1e3", 0), ("\u0665", 0)],
)  # fmt: skip
def test_cost_is_read_as_upstream_reads_it(text, cost):
    assert (read_deletion_cost(text) or 0) == cost


def test_of_ages_of_one_magnitude_the_uid_decides():
    near = {"ready": "2026-11-23T04:06:00Z"}
    far = {"ready": "2026-11-23T04:05:30Z"}
    assert order(pod("a", uid="2", **near), pod("b", uid="1", **far)) == ["b", "a"]
    assert order(pod("a", uid="1", **near), pod("b", uid="2", **far)) == ["a", "b"]
