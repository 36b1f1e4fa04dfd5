"""``pykube scale``: how many replicas."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from pykube_core.cli.failures import CommandError, failure_lines
from pykube_core.cli.options import (
    add_data_dir,
    add_dry_run,
    add_namespace,
    add_object_output,
    add_selectors,
    add_wait,
    add_words,
)

if TYPE_CHECKING:
    from pykube_core.api.machinery.registry import Resource
    from pykube_core.api.machinery.status import StatusError
    from pykube_core.apiserver import ApiObject, ApiServer
    from pykube_core.cli.resource_arguments import Target

DESCRIPTION = """\
Set how many replicas a deployment or a replica set has, and let the cluster run on until it has
them.
"""

EPILOG = """\
examples:
  pykube scale deployment/httpd --replicas=4
  pykube scale deploy httpd --replicas=4 --current-replicas=2     only if it has 2 now
  pykube scale deploy --all --replicas=0 -n shop

exit codes: 0 scaled, 1 the API refused it or the precondition fails, 2 bad usage or no cluster
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser], help: str) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("scale", help=help, description=DESCRIPTION, epilog=EPILOG)
    add_words(parser)
    parser.add_argument("--replicas", metavar="N", type=int, required=True, help="how many")
    parser.add_argument(
        "--current-replicas", metavar="N", type=int, help="only where there are so many now"
    )
    parser.add_argument("--all", action="store_true", help="all objects of the kind")
    add_namespace(parser)
    add_selectors(parser, fields=False)
    add_dry_run(parser)
    add_object_output(parser)
    add_wait(parser)
    add_data_dir(parser)
    parser.set_defaults(run=run, parser=parser)


def run(options: argparse.Namespace) -> int:
    """Scale what the words name."""
    from pykube_core.api.builtin import BUILTIN
    from pykube_core.api.machinery.status import StatusError
    from pykube_core.cli.data_dir import changing, run_on
    from pykube_core.cli.printing import ObjectPrinter
    from pykube_core.cli.resource_arguments import NOTHING_GIVEN, parse_targets

    if options.replicas < 0:
        raise CommandError(
            "The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0"
        )
    if not options.words:
        raise CommandError(NOTHING_GIVEN)
    targets = parse_targets(BUILTIN, options.words)
    if any(not target.names for target in targets) and not (options.all or options.selector):
        raise CommandError("resource(s) were provided, but no name was specified")
    printer = ObjectPrinter(sys.stdout, options)
    errors: list[CommandError | StatusError] = []
    with changing(options, make=False) as cluster:
        found, missing = _find(cluster.server, targets, options)
        errors += missing
        if not found:
            why = "".join(f" {error.message}" for error in missing)
            raise CommandError(f"no objects passed to scale{why}")
        for obj in found:
            try:
                scaled = _scale(cluster.server, obj, options)
            except (CommandError, StatusError) as error:
                errors.append(error)
                continue
            printer(scaled.resource, scaled.decode(), "scaled")
        done = 0 if options.dry_run != "none" else run_on(cluster, options)
    sys.stdout.flush()
    if errors:
        print(failure_lines(errors), file=sys.stderr)
        return 1
    return done


def _find(
    server: ApiServer, targets: list[Target], options: argparse.Namespace
) -> tuple[list[ApiObject], list[StatusError]]:
    """Return the objects that are meant, and an error for each that is not there."""
    from pykube_core.api.machinery.status import StatusError

    namespace = options.namespace or "default"
    found, missing = [], []
    for resource, names in targets:
        if not names:
            found += server.list(resource, namespace, label_selector=options.selector).items
        for name in names:
            try:
                found.append(server.get(resource, name, namespace))
            except StatusError as error:
                missing.append(error)
    return found, missing


def _scale(server: ApiServer, obj: ApiObject, options: argparse.Namespace) -> ApiObject:
    from pykube_core.api.machinery.status import method_not_allowed

    resource: Resource = obj.resource
    if not resource.has_scale:
        raise method_not_allowed()
    expected = options.current_replicas
    if expected is not None:
        current = obj.decode()["spec"].get("replicas", 0)
        if current != expected:
            raise CommandError(f"Expected replicas to be {expected}, was {current}")
    patch = {"spec": {"replicas": options.replicas}}
    return server.patch(
        resource,
        patch,
        obj.name,
        obj.namespace,
        subresource="scale",
        dry_run=options.dry_run != "none",
    )
