"""Names of images as a kubelet takes them; the texts are those of v1.34.1 and v1.37.2."""

import pytest

from pykube_core.api.builtin import PODS
from pykube_core.api.patch import STRATEGIC_MERGE_PATCH
from pykube_core.node.image_names import full_image, image_id, invalid_text, parse_image
from pykube_core.node.runtime import Behavior

HEX = "0123456789abcdef" * 4
FORMAT = "invalid reference format"
UPPER = "repository name must be lowercase"


@pytest.mark.parametrize(
    ("image", "full"),
    [
        ("httpd", "docker.io/library/httpd:latest"),
        ("httpd:2", "docker.io/library/httpd:2"),
        ("a/b:V1", "docker.io/a/b:V1"),
        ("docker.io/httpd", "docker.io/library/httpd:latest"),
        ("index.docker.io/a/b", "docker.io/a/b:latest"),
        ("quay.io/a/b", "quay.io/a/b:latest"),
        ("localhost/a", "localhost/a:latest"),
        ("localhost:5000/a__b--c.d", "localhost:5000/a__b--c.d:latest"),
        ("[::1]:5000/a", "[::1]:5000/a:latest"),
        ("REG/a", "REG/a:latest"),
        ("foo:5000/a", "foo:5000/a:latest"),
        ("localhost:5000", "docker.io/library/localhost:5000"),
        ("reg.exa_mple/a", "reg.exa_mple/a:latest"),
        (f"a@sha256:{HEX}", f"docker.io/library/a@sha256:{HEX}"),
        (f"a:1@sha256:{HEX}", f"docker.io/library/a@sha256:{HEX}"),
        ("x" * 247, "docker.io/library/" + "x" * 247 + ":latest"),
        ("a:" + "t" * 128, "docker.io/library/a:" + "t" * 128),
    ],
)
def test_names_are_filled_in_as_the_parser_does(image, full):
    assert full_image(image) == full
    assert invalid_text(image) == ""
    assert image_id(image).startswith(parse_image(image).repository + "@sha256:")


@pytest.mark.parametrize(
    ("image", "why"),
    [
        ("Nginx:1.25", f"{FORMAT}: repository name (library/Nginx) must be lowercase"),
        ("quay.io/Org/app", f"{FORMAT}: repository name (Org/app) must be lowercase"),
        ("https://reg.example/app:1", FORMAT),
        ("${TAG}", f"{FORMAT}: repository name (library/${{TAG}}) must be lowercase"),
        ("${tag}", FORMAT),
        ("app:${TAG}", FORMAT),
        ("app:", FORMAT),
        ("app:1:2", FORMAT),
        ("app:-1", FORMAT),
        ("app 1", FORMAT),
        ("-app", FORMAT),
        ("a___b", FORMAT),
        ("a//b", FORMAT),
        ("/a", FORMAT),
        ("a/", FORMAT),
        ("a.b-/c", FORMAT),
        ("aB__c/d", UPPER),
        ("a:" + "t" * 129, FORMAT),
        ("x" * 248, "repository name must not be more than 255 characters"),
        (HEX, f"invalid repository name ({HEX}), cannot specify 64-byte hexadecimal strings"),
        (f"a@sha256:{HEX[1:]}", "invalid checksum digest length"),
        (f"a@sha256:{HEX.upper()}", "invalid checksum digest format"),
        (f"a@md5:{HEX[:32]}", "unsupported digest algorithm"),
        (f"a:1@SHA256:{HEX}", "invalid checksum digest format"),
        ("a@sha256:12", FORMAT),
    ],
)
def test_name_that_does_not_parse_is_told_in_the_parsers_words(image, why):
    told = f'"{image}": {why}'
    assert invalid_text(image) == (
        f'Failed to apply default image tag "{image}": couldn\'t parse image name {told}'
    )
    assert full_image(image) == image


def test_name_is_quoted_as_go_quotes_it():
    assert invalid_text('a"\n').startswith('Failed to apply default image tag "a\\"\\n": ')


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
