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
