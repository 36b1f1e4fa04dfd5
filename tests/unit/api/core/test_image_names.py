"""Names of images; the texts are those of Kubernetes v1.34.1 and v1.37.2."""

import pytest

from pykube_core.api.core.pod.defaults import default_pod
from pykube_core.api.core.pod.image_names import (
    full_image,
    image_id,
    invalid_text,
    is_reference,
    parse_image,
    tag_of,
)

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


@pytest.mark.parametrize(
    ("image", "tag", "policy"),
    [
        ("httpd", "latest", "Always"),
        ("localhost:5000/httpd", "latest", "Always"),
        ("httpd:latest", "latest", "Always"),
        ("httpd:2", "2", "IfNotPresent"),
        (f"httpd@sha256:{HEX}", "", "IfNotPresent"),
        (f"httpd:latest@sha256:{HEX}", "latest", "Always"),
        ("Httpd", "", "IfNotPresent"),
        ("https://reg.example/httpd", "", "IfNotPresent"),
        ("${TAG}:latest", "", "IfNotPresent"),
    ],
)
def test_image_is_always_pulled_if_its_name_says_latest(image, tag, policy):
    assert tag_of(image) == tag
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": image}]}}
    default_pod(pod)
    assert pod["spec"]["containers"][0]["imagePullPolicy"] == policy


def test_reference_as_it_stands_needs_no_registry():
    assert all(map(is_reference, ("httpd", "Reg/a", HEX, f"a:1@sha256:{HEX}", "x" * 300)))
    assert not any(map(is_reference, ("", "Httpd", "a..b/c", "a.-b/c", "a:", "http://a/b")))
