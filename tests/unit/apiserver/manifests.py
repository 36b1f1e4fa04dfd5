"""Objects that the tests of the API server write, and what its answers are asked."""

import pytest

from pykube_core.api.machinery.status import StatusError


def config_map(name="c", **metadata):
    return {"metadata": {"name": name} | metadata, "data": {"a": "b"}}


def pod(name="p", **spec):
    containers = [{"name": "c", "image": "nginx:1"}]
    return {"metadata": {"name": name}, "spec": {"containers": containers} | spec}


def workload(name="w", **spec):
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": pod()["spec"]}
    return {
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": labels}, "template": template} | spec,
    }


def refused(code, call, *args, **options):
    with pytest.raises(StatusError) as error:
        call(*args, **options)
    assert error.value.code == code, error.value.message
    return error.value


def uid_of(obj):
    return obj.decode()["metadata"]["uid"]


def is_error(outcome):
    return isinstance(outcome, StatusError)
