"""Pods whose images have names that do not parse."""

import pytest

from pykube_core.api.core import PODS
from pykube_core.api.core.pod.image_names import invalid_text
from pykube_core.api.machinery.patch import STRATEGIC_MERGE_PATCH
from pykube_core.node.runtime import Behavior


def set_image(world, image):
    patch = {"spec": {"containers": [{"name": "c", "image": image}]}}
    world.server.patch(PODS, patch, "web", "default", patch_type=STRATEGIC_MERGE_PATCH)


@pytest.mark.parametrize("policy", ["Always", "IfNotPresent", "Never"])
def test_container_waits_for_a_name_that_parses(world, policy):
    world.node()
    world.pod(container={"image": "Nginx:1", "imagePullPolicy": policy})
    world.run(1)
    text = invalid_text("Nginx:1")
    assert world.status()["phase"] == "Pending"
    container = world.container()
    assert container["state"] == {"waiting": {"reason": "InvalidImageName", "message": text}}
    assert (container["image"], container["imageID"]) == ("Nginx:1", "")
    assert world.events() == [
        ("Warning", "InspectFailed", text, 1), ("Warning", "Failed", "Error: InvalidImageName", 1),
    ]  # fmt: skip
    world.run(10)
    assert ("Warning", "InspectFailed", text, 2) in world.events()


def test_init_container_with_such_a_name_keeps_the_others_waiting(world):
    world.node()
    init = [{"name": "i", "image": "${INIT}"}]
    world.pod(initContainers=init)
    world.run(5)
    status = world.status()
    (first,) = status["initContainerStatuses"]
    assert first["state"]["waiting"]["reason"] == "InvalidImageName"
    assert world.container()["state"]["waiting"] == {"reason": "PodInitializing"}


def test_image_that_is_put_right_is_pulled(world):
    world.node()
    world.runtime.set("nginx:1", Behavior(pull_seconds=1, start_seconds=1))
    world.pod(container={"image": "Nginx:1"})
    world.run(5)
    set_image(world, "nginx:1")
    world.run(5)
    assert world.status()["phase"] == "Running"


def test_container_that_runs_ends_when_its_image_gets_such_a_name(world):
    world.node()
    world.pod()
    world.run(5)
    set_image(world, "Nginx:1")
    world.run(5)
    container = world.container()
    assert container["state"]["waiting"]["reason"] == "InvalidImageName"
    assert "terminated" in container["lastState"]
    assert world.status()["phase"] == "Running"


def test_pod_whose_image_has_no_name_can_be_deleted(world):
    world.node()
    world.pod(container={"image": "${X}"})
    world.run(5)
    world.server.delete(PODS, "web", "default")
    world.run(60)
    assert not world.is_there()
