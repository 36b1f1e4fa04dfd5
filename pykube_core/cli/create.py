"""``pykube create``: a deployment, a namespace, or what files say."""

from __future__ import annotations

import argparse
import hashlib
import sys
from typing import TYPE_CHECKING, Final

from pykube_core.api.machinery.names import SAFE_ALPHABET
from pykube_core.cli.failures import CommandError, failure_lines, with_source
from pykube_core.cli.manifests import add_filename, read_manifests
from pykube_core.cli.options import (
    add_data_dir,
    add_dry_run,
    add_namespace,
    add_object_output,
    add_wait,
)

if TYPE_CHECKING:
    from pykube_core.api.machinery.objects import KubeObject
    from pykube_core.api.machinery.registry import Resource
    from pykube_core.api.machinery.status import StatusError

DESCRIPTION = """\
Create objects, and let the cluster run on until they are as they should be. Where there is no
cluster yet, one is made, with a master ken and the nodes host1 and host2.
"""

EPILOG = """\
examples:
  pykube create deployment httpd --image=httpd --replicas=2
  pykube create deployment sleeper --image=busybox -- sleep 3600
  pykube create namespace shop
  pykube create -f pod.yaml
  pykube create deployment httpd --image=httpd --dry-run=client -o yaml > httpd.yaml

exit codes: 0 created, 1 the API refused something, 2 bad usage or no cluster
"""

_DEPLOYMENT_EPILOG = """\
examples:
  pykube create deployment httpd --image=httpd --replicas=2
  pykube create deployment web --image=nginx --port=80 -n shop
  pykube create deployment sleeper --image=busybox -- sleep 3600

The pods carry the label app=NAME, which the deployment selects.
"""

_NAMESPACE_EPILOG = """\
examples:
  pykube create namespace shop
"""

_SUFFIX_SIZE: Final = 5


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser], help: str) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("create", help=help, description=DESCRIPTION, epilog=EPILOG)
    add_filename(parser)
    _add_common(parser)
    parser.set_defaults(run=_create_files, parser=parser, trailing=[])
    kinds = parser.add_subparsers(metavar="KIND", dest="kind")
    text = "create a deployment of an image"
    deployment = kinds.add_parser(
        "deployment", aliases=["deploy"], help=text, description=text, epilog=_DEPLOYMENT_EPILOG
    )
    deployment.add_argument("names", metavar="NAME", nargs="*", help="its name")
    deployment.add_argument(
        "--image",
        metavar="IMAGE",
        action="append",
        required=True,
        help="a container's image; may be repeated, for several containers",
    )
    deployment.add_argument(
        "-r", "--replicas", metavar="N", type=int, default=1, help="how many pods (default: 1)"
    )
    deployment.add_argument("--port", metavar="N", type=int, help="the port of the first container")
    deployment.set_defaults(run=_create_deployment, parser=deployment, intermixed="names")
    _add_inherited(deployment)
    text = "create a namespace"
    namespace = kinds.add_parser(
        "namespace", aliases=["ns"], help=text, description=text, epilog=_NAMESPACE_EPILOG
    )
    namespace.add_argument("names", metavar="NAME", nargs="*", help="its name")
    namespace.set_defaults(run=_create_namespace, parser=namespace, intermixed="names")
    _add_inherited(namespace)


def _add_common(parser: argparse.ArgumentParser) -> None:
    add_namespace(parser)
    add_dry_run(parser)
    add_object_output(parser)
    add_wait(parser)
    add_data_dir(parser)


def _add_inherited(parser: argparse.ArgumentParser) -> None:
    """Add the options that may stand before the kind as well: no default overwrites those."""
    before = len(parser._actions)
    _add_common(parser)
    for action in parser._actions[before:]:
        action.default = argparse.SUPPRESS


def _one_name(options: argparse.Namespace, kind: str) -> str:
    if len(options.names) != 1:
        raise CommandError(
            f"exactly one NAME is required, got {len(options.names)}\n"
            f"See 'pykube create {kind} --help' for help and examples"
        )
    return str(options.names[0])


def _create_deployment(options: argparse.Namespace) -> int:
    from pykube_core.api.apps import DEPLOYMENTS
    from pykube_core.api.machinery.status import StatusError

    name = _one_name(options, "deployment")
    if len(options.image) > 1 and options.trailing:
        raise CommandError("cannot specify multiple --image options and command")
    obj = deployment_object(name, options.image, options.replicas, options.port, options.trailing)
    try:
        return create_one(options, DEPLOYMENTS, obj)
    except StatusError as error:
        raise CommandError(f"failed to create deployment: {error.message}") from None


def deployment_object(
    name: str, images: list[str], replicas: int, port: int | None, command: list[str]
) -> KubeObject:
    """Return a deployment as ``kubectl create deployment`` makes it.

    Source: ``k8s.io/kubectl/pkg/cmd/create/create_deployment.go`` v0.36.
    """
    labels = {"app": name}
    containers: list[KubeObject] = []
    for image in images:
        container: KubeObject = {"name": container_name(image), "image": image}
        if command:
            container["command"] = command
        if port is not None and port >= 0 and not containers:
            container["ports"] = [{"containerPort": port}]
        containers.append(container | {"resources": {}})
    return {
        "kind": "Deployment",
        "apiVersion": "apps/v1",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
            "strategy": {},
        },
        "status": {},
    }


def container_name(image: str) -> str:
    """Return the name of a container of an image: its last part, without tag and digest.

    Where that has dots or underscores, which a name may not have, dashes take their place, and five
    characters follow. Upstream draws these at random; here the image decides them.
    """
    name = image.rpartition("/")[2].partition(":")[0].partition("@")[0]
    plain = name.replace("_", "-").replace(".", "-")
    if plain == name:
        return name
    digest = hashlib.blake2b(image.encode(), digest_size=_SUFFIX_SIZE).digest()
    return f"{plain}-{''.join(SAFE_ALPHABET[byte % len(SAFE_ALPHABET)] for byte in digest)}"


def _create_namespace(options: argparse.Namespace) -> int:
    from pykube_core.api.core import NAMESPACES

    name = _one_name(options, "namespace")
    obj = {
        "kind": "Namespace",
        "apiVersion": "v1",
        "metadata": {"name": name},
        "spec": {},
        "status": {},
    }
    return create_one(options, NAMESPACES, obj)


def create_one(options: argparse.Namespace, resource: Resource, obj: KubeObject) -> int:
    """Create one object, print what became of it, and let the cluster run on."""
    from pykube_core.cli.data_dir import changing, run_on
    from pykube_core.cli.printing import ObjectPrinter

    printer = ObjectPrinter(sys.stdout, options)
    if options.dry_run == "client":
        if options.namespace and resource.namespaced:
            obj["metadata"]["namespace"] = options.namespace
        printer(resource, obj, "created")
        return 0
    with changing(options, make=True) as cluster:
        dry_run = options.dry_run == "server"
        created = cluster.server.create(resource, obj, options.namespace, dry_run=dry_run)
        printer(resource, created.decode(), "created")
        return 0 if dry_run else run_on(cluster, options)


def _create_files(options: argparse.Namespace) -> int:
    """Create what the files say; what fails does not keep the rest from being created."""
    from pykube_core.api.builtin import BUILTIN
    from pykube_core.api.machinery.status import StatusError
    from pykube_core.cli.data_dir import changing, run_on
    from pykube_core.cli.printing import ObjectPrinter

    if not options.filename:
        options.parser.error("say what to create: deployment, namespace, or -f FILE")
    manifests, unread = read_manifests(BUILTIN, options)
    if not manifests:
        raise unread[0] if unread else CommandError("no objects passed to create")
    printer = ObjectPrinter(sys.stdout, options)
    if options.dry_run == "client":
        for manifest in manifests:
            printer(manifest.resource, manifest.object, "created")
        return _report([*unread])
    with changing(options, make=True) as cluster:
        errors: list[CommandError | StatusError] = []
        dry_run = options.dry_run == "server"
        for source, resource, obj, namespace in manifests:
            try:
                created = cluster.server.create(resource, obj, namespace, dry_run=dry_run)
            except StatusError as error:
                errors.append(with_source(error, "creating", source))
                continue
            printer(resource, created.decode(), "created")
        done = 0 if dry_run else run_on(cluster, options)
    return _report([*errors, *unread]) or done


def _report(errors: list[CommandError | StatusError]) -> int:
    """Print what failed; return the exit code."""
    sys.stdout.flush()
    if errors:
        print(failure_lines(errors), file=sys.stderr)
    return 1 if errors else 0
