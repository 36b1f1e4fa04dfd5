"""``pykube run``: an image in a pod."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

from pykube_core.cli.create import create_one
from pykube_core.cli.failures import CommandError
from pykube_core.cli.options import (
    add_data_dir,
    add_dry_run,
    add_namespace,
    add_object_output,
    add_wait,
)

if TYPE_CHECKING:
    from pykube_core.api.machinery.objects import KubeObject

DESCRIPTION = """\
Run an image in one pod, and let the cluster run on until it does. A pod made so is started again
when its container ends, but not replaced when it is lost: pykube create deployment makes several
that are. Containers are simulated: commands and arguments are kept but not executed, and a
container runs until it is told to end.
"""

EPILOG = """\
examples:
  pykube run web --image=nginx --port=80
  pykube run once --image=busybox --restart=Never -- sleep 5
  pykube run env --image=busybox --env=A=1 --env=B=2 --labels=app=env,tier=test
  pykube run web --image=nginx --dry-run=client -o yaml

exit codes: 0 created, 1 the API refused it, 2 bad usage or no cluster
"""

_POLICIES: Final = ("Always", "OnFailure", "Never")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser], help: str) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("run", help=help, description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument("words", metavar="NAME", nargs="*", help="the pod's name, and arguments")
    parser.add_argument("--image", metavar="IMAGE", required=True, help="the container's image")
    parser.add_argument("--port", metavar="N", type=int, help="the port that it opens")
    parser.add_argument(
        "--env",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="an environment variable; may be repeated",
    )
    parser.add_argument(
        "-l", "--labels", metavar="KEY=VALUE,...", default="", help="labels (default: run=NAME)"
    )
    parser.add_argument("--restart", choices=_POLICIES, default="Always", help="the restart policy")
    parser.add_argument(
        "--command",
        dest="is_command",
        action="store_true",
        help="what follows -- is the command, not its arguments",
    )
    parser.add_argument("--replicas", metavar="N", type=int, help=argparse.SUPPRESS)
    add_namespace(parser)
    add_dry_run(parser)
    add_object_output(parser)
    add_wait(parser)
    add_data_dir(parser)
    parser.set_defaults(run=run, parser=parser, intermixed="words", trailing=[])


def run(options: argparse.Namespace) -> int:
    """Create the pod."""
    from pykube_core.api.core import PODS
    from pykube_core.api.core.pod.image_names import is_reference
    from pykube_core.api.machinery.field_errors import quoted

    if not options.words:
        raise CommandError(
            "NAME is required for run\nSee 'pykube run --help' for help and examples"
        )
    name, arguments = options.words[0], [*options.words[1:], *options.trailing]
    if options.replicas is not None:
        raise CommandError(
            "run makes one pod. For several, use: pykube create deployment "
            f"{name} --image={options.image} --replicas={options.replicas}"
        )
    if not is_reference(options.image):
        name = quoted(options.image)
        raise CommandError(f"Invalid image name {name}: invalid reference format")
    terms = options.labels.split(",") if options.labels else []
    labels = dict(_pair(term, "unexpected label spec") for term in terms)
    env = [_pair(text, "invalid env") for text in options.env]
    container: KubeObject = {"name": name, "image": options.image}
    if arguments:
        container["command" if options.is_command else "args"] = arguments
    if options.port is not None:
        container["ports"] = [{"containerPort": options.port}]
    if env:
        container["env"] = [{"name": key, "value": value} for key, value in env]
    pod = {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {"name": name, "labels": labels or {"run": name}},
        "spec": {
            "containers": [container | {"resources": {}}],
            "restartPolicy": options.restart,
            "dnsPolicy": "ClusterFirst",
        },
        "status": {},
    }
    return create_one(options, PODS, pod)


def _pair(text: str, complaint: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise CommandError(f"{complaint}: {text}")
    return key, value
