"""``pykube apply``: objects as files say."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from pykube_core.cli.failures import CommandError, failure_lines, with_source
from pykube_core.cli.manifests import Manifest, add_filename, read_manifests
from pykube_core.cli.options import (
    add_data_dir,
    add_dry_run,
    add_namespace,
    add_object_output,
    add_wait,
)

if TYPE_CHECKING:
    from pykube_core.api.machinery.status import StatusError
    from pykube_core.cli.printing import ObjectPrinter
    from pykube_core.cluster.cluster import Cluster

DESCRIPTION = """\
Bring objects to what files say: create those that are missing, and change what the file changed
since it was applied last, leaving alone what others wrote. The cluster then runs on until nothing
is left to do.
"""

EPILOG = """\
examples:
  pykube apply -f httpd.yaml
  pykube apply -f manifests/ -R -n shop
  pykube create deployment httpd --image=httpd --dry-run=client -o yaml | pykube apply -f -

exit codes: 0 applied, 1 the API refused something, 2 bad usage or no cluster
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser], help: str) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("apply", help=help, description=DESCRIPTION, epilog=EPILOG)
    add_filename(parser)
    add_namespace(parser)
    add_dry_run(parser)
    add_object_output(parser)
    add_wait(parser)
    add_data_dir(parser)
    parser.set_defaults(run=run, parser=parser)


def run(options: argparse.Namespace) -> int:
    """Apply what the files say; what fails does not keep the rest from being applied."""
    from pykube_core.api.builtin import BUILTIN
    from pykube_core.api.machinery.status import StatusError
    from pykube_core.cli.data_dir import changing, run_on
    from pykube_core.cli.printing import ObjectPrinter

    if not options.filename:
        options.parser.error("say what to apply: -f FILE")
    manifests, unread = read_manifests(BUILTIN, options)
    if not manifests:
        raise unread[0] if unread else CommandError("no objects passed to apply")
    errors: list[CommandError | StatusError] = []
    printer = ObjectPrinter(sys.stdout, options)
    with changing(options, make=True) as cluster:
        for manifest in manifests:
            try:
                _apply(cluster, manifest, options, printer)
            except StatusError as error:
                errors.append(with_source(error, _doing(cluster, manifest), manifest.source))
            except CommandError as error:
                errors.append(error)
        done = 0 if options.dry_run != "none" else run_on(cluster, options)
    sys.stdout.flush()
    if errors or unread:
        print(failure_lines([*unread, *errors]), file=sys.stderr)
        return 1
    return done


def _apply(
    cluster: Cluster, manifest: Manifest, options: argparse.Namespace, printer: ObjectPrinter
) -> None:
    from pykube_core.cluster.applying import apply_object

    _, resource, obj, namespace = manifest
    if not manifest.name:
        generate = (obj.get("metadata") or {}).get("generateName")
        if generate:
            raise CommandError(f"from {generate}: cannot use generate name with apply")
        raise CommandError(f'"{manifest.source}": resource name may not be empty')
    dry_run = options.dry_run != "none"
    applied = apply_object(cluster.server, resource, obj, namespace, dry_run=dry_run)
    printer(resource, applied.object.decode(), applied.outcome)


def _doing(cluster: Cluster, manifest: Manifest) -> str:
    """Return what was being done to an object, for an error."""
    key = manifest.resource.key(manifest.namespace, manifest.name)
    return "creating" if cluster.store.get(key) is None else "patching"
