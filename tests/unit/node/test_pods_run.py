from pykube_core.api.core import PODS
from pykube_core.node import Behavior


def conditions(status):
    return {c["type"]: c["status"] for c in status["conditions"]}


def test_pod_is_pulled_created_and_runs_with_an_address(world):
    world.node()
    world.pod()
    world.run(0)
    status = world.status()
    assert status["phase"] == "Pending"
    assert status["containerStatuses"][0]["state"] == {"waiting": {"reason": "ContainerCreating"}}
    assert conditions(status) == {
        "PodReadyToStartContainers": "True", "Initialized": "True", "Ready": "False",
        "ContainersReady": "False", "PodScheduled": "True",
    }  # fmt: skip
    world.run(3)
    status = world.status()
    assert status["phase"] == "Running"
    assert (status["hostIP"], status["podIP"]) == ("172.20.10.7", "10.244.1.2")
    assert set(conditions(status).values()) == {"True"}
    (container,) = status["containerStatuses"]
    assert container["ready"]
    assert container["started"]
    assert container["restartCount"] == 0
    assert container["image"] == "docker.io/library/httpd:latest"
    assert world.events() == [
        ("Normal", "Pulling", 'Pulling image "httpd"', 1),
        (
            "Normal",
            "Pulled",
            'Successfully pulled image "httpd" in 2s (2s including waiting). '
            "Image size: 67108864 bytes.",
            1,
        ),
        ("Normal", "Created", "Created container: c", 1),
        ("Normal", "Started", "Started container c", 1),
    ]


def test_pod_that_is_bound_later_runs(world):
    world.node()
    world.pod(node="")
    world.run(5)
    assert world.status()["phase"] == "Pending"
    world.server.bind("web", "default", "n1")
    world.run(5)
    assert world.status()["phase"] == "Running"


def test_second_pass_at_quiescence_writes_nothing(world):
    world.node()
    world.pod()
    world.run(5)
    before = world.store.revision
    world.run(0)
    world.restart()
    world.run(0)
    assert world.store.revision == before


def test_more_pods_than_a_step_takes_run_at_the_same_time_in_several(world, monkeypatch):
    monkeypatch.setattr("pykube_core.node.kubelet.PODS_A_STEP", 2)
    world.node()
    names = [f"web-{index}" for index in range(5)]
    for name in names:
        world.pod(name)
    world.loop.run(until_ns=world.clock(), step_count_max=1)
    assert [bool(world.status(name).get("startTime")) for name in names] == [True] * 2 + [False] * 3
    world.run(3)
    assert {world.status(name)["phase"] for name in names} == {"Running"}
    starts = {world.container(name)["state"]["running"]["startedAt"] for name in names}
    assert len(starts) == 1
    assert len({world.status(name)["podIP"] for name in names}) == 5


def test_pods_that_go_before_their_turn_do_not_run(world, monkeypatch):
    monkeypatch.setattr("pykube_core.node.kubelet.PODS_A_STEP", 2)
    world.node()
    for index in range(5):
        world.pod(f"web-{index}")
    world.loop.run(until_ns=world.clock(), step_count_max=1)
    world.server.delete(PODS, "web-4", "default", grace_period_seconds=0)
    world.run(5)
    assert not world.events("web-4")
    assert {world.status(f"web-{index}")["phase"] for index in range(4)} == {"Running"}


def test_a_status_that_shows_again_what_the_log_still_shows_is_written(world):
    world.behaviors["gone"] = Behavior(missing=True, pull_seconds=2)
    world.restart()
    world.node()
    world.pod(image="gone")
    reasons = []
    for seconds in (2, 1, 11):
        if seconds == 1:  # From here on the log lags behind, as that of a remote store may.
            world.log.pull()
            world.log.pull = lambda: 0
        world.run(seconds)
        reasons.append(world.container()["state"]["waiting"]["reason"])
    assert reasons == ["ErrImagePull", "ImagePullBackOff", "ErrImagePull"]
