import re

import pytest

from pykube_core.cli import main
from pykube_core.cli.create import container_name, deployment_object


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("nginx", "nginx"),
        ("nginx:1.27", "nginx"),
        ("registry.k8s.io/a/kube-proxy:v1@sha256:00", "kube-proxy"),
        ("host:5000/web@sha256:00", "web"),
    ],
)
def test_a_container_is_named_after_its_image(image, name):
    assert container_name(image) == name


def test_what_no_name_may_have_is_replaced_and_the_name_made_unique():
    assert re.fullmatch("my-app-v1-[b-z2-9]{5}", container_name("a/my_app.v1:2"))
    assert container_name("a/my_app") == container_name("a/my_app") != container_name("b/my_app")


def test_the_port_is_that_of_the_first_container():
    made = deployment_object("web", ["a", "b"], 1, 80, [])
    containers = made["spec"]["template"]["spec"]["containers"]
    assert [container.get("ports") for container in containers] == [[{"containerPort": 80}], None]


def test_a_deployment_that_is_there_already_is_refused(tmp_path, capsys):
    words = ["create", "deployment", "web", "--image=a", "--wait=false"]
    words += ["--data-dir", str(tmp_path / "data")]
    assert main(words) == 0
    capsys.readouterr()
    assert main(words) == 1
    refusal = 'error: failed to create deployment: deployments.apps "web" already exists\n'
    assert capsys.readouterr().err == refusal


def test_replicas_below_zero_are_refused_with_the_field(tmp_path, capsys):
    words = ["create", "deployment", "web", "--image=a", "--replicas=-1"]
    assert main([*words, "--data-dir", str(tmp_path / "data")]) == 1
    assert "spec.replicas: Invalid value: -1" in capsys.readouterr().err
