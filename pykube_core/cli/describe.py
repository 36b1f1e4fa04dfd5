"""``pykube describe``: objects in full, with what belongs to them."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from pykube_core.cli.failures import CommandError, failure_lines
from pykube_core.cli.options import add_data_dir, add_namespace, add_selectors, add_words

if TYPE_CHECKING:
    from pykube_core.api.machinery.status import StatusError
    from pykube_core.apiserver import ApiObject, ApiServer
    from pykube_core.cli.resource_arguments import Target

DESCRIPTION = """\
Tell all about objects, with their events and what belongs to them, as kubectl describe does:
nodes, pods, deployments, replica sets, daemon sets and namespaces.
"""

EPILOG = """\
examples:
  pykube describe pod httpd-5c949b96f-9cd52
  pykube describe node/host1
  pykube describe deploy -l app=httpd

exit codes: 0 told, 1 something asked for is not there, 2 bad usage or no cluster
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser], help: str) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("describe", help=help, description=DESCRIPTION, epilog=EPILOG)
    add_words(parser)
    add_namespace(parser)
    parser.add_argument("-A", "--all-namespaces", action="store_true", help="of all namespaces")
    add_selectors(parser, fields=False)
    add_data_dir(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Describe what the words name, two empty lines between objects."""
    from pykube_core.api.builtin import BUILTIN
    from pykube_core.cli.data_dir import reading
    from pykube_core.cli.descriptions import DESCRIBED, describe
    from pykube_core.cli.resource_arguments import NOTHING_GIVEN, parse_targets
    from pykube_core.cli.tabs import laid_out

    if not options.words:
        raise CommandError(NOTHING_GIVEN)
    targets = parse_targets(BUILTIN, options.words)
    for target in targets:
        if target.resource not in DESCRIBED:
            kind = target.resource.kind
            raise CommandError(f'no description has been implemented for "{kind}"')
        if target.names and options.selector:
            raise CommandError("name cannot be provided when a selector is specified")
    errors: list[CommandError | StatusError] = []
    with reading(options) as cluster:
        objects: list[ApiObject] = []
        for target in targets:
            found, missing = _find(cluster.server, target, options)
            objects += found
            errors += missing
        texts = [
            laid_out(describe(cluster.server, obj.resource, obj.decode(), cluster.now_ns))
            for obj in objects
        ]
    print("\n\n".join(texts), end="")
    if not texts and not errors:
        namespaced = all(target.resource.namespaced for target in targets)
        within = f" in {options.namespace or 'default'} namespace." if namespaced else ""
        print(f"No resources found{'' if options.all_namespaces else within}", file=sys.stderr)
    sys.stdout.flush()
    if errors:
        print(failure_lines(errors), file=sys.stderr)
    return 1 if errors else 0


def _find(
    server: ApiServer, target: Target, options: argparse.Namespace
) -> tuple[list[ApiObject], list[StatusError]]:
    from pykube_core.api.machinery.status import StatusError

    resource, names = target
    namespace = options.namespace or "default"
    if not names:
        within = "" if options.all_namespaces or not resource.namespaced else namespace
        return server.list(resource, within, label_selector=options.selector).items, []
    found, missing = [], []
    for name in names:
        try:
            found.append(server.get(resource, name, namespace))
        except StatusError as error:
            missing.append(error)
    return found, missing
