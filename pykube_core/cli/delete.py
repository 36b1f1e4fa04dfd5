"""``pykube delete``: objects by name, label or file."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

from pykube_core.cli.failures import CommandError, failure_lines, with_source
from pykube_core.cli.manifests import add_filename, read_manifests
from pykube_core.cli.options import (
    add_data_dir,
    add_dry_run,
    add_namespace,
    add_output,
    add_selectors,
    add_wait,
    add_words,
)

if TYPE_CHECKING:
    from pykube_core.api.machinery.registry import Resource
    from pykube_core.api.machinery.status import StatusError
    from pykube_core.apiserver import ApiServer
    from pykube_core.cli.resource_arguments import Target

DESCRIPTION = """\
Delete objects. Pods get time to end, and what a deleted object owned goes with it; the cluster runs
on until all of it is gone.
"""

EPILOG = """\
examples:
  pykube delete pod web
  pykube delete deployment/httpd
  pykube delete pods -l app=httpd            their replica set makes others
  pykube delete deploy httpd --cascade=orphan
  pykube delete pod web --grace-period=0 --force
  pykube delete -f httpd.yaml

exit codes: 0 deleted, 1 something is not there, 2 bad usage or no cluster
"""

_PROPAGATION: Final = {
    "background": "Background",
    "foreground": "Foreground",
    "orphan": "Orphan",
    "true": "Background",
    "false": "Orphan",
}
_FORCED: Final = (
    "Warning: Immediate deletion does not wait for confirmation that the running resource has been "
    "terminated. The resource may continue to run on the cluster indefinitely."
)


class Doomed(NamedTuple):
    """An object that is to be deleted; ``source`` is the file that names it, or ""."""

    resource: Resource
    namespace: str
    name: str
    source: str = ""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser], help: str) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("delete", help=help, description=DESCRIPTION, epilog=EPILOG)
    add_words(parser)
    add_filename(parser)
    add_namespace(parser)
    parser.add_argument("-A", "--all-namespaces", action="store_true", help="of all namespaces")
    parser.add_argument("--all", action="store_true", help="all objects of the kinds")
    add_selectors(parser)
    parser.add_argument(
        "--grace-period",
        metavar="SECONDS",
        type=int,
        default=-1,
        help="what a pod gets to end (default: its own)",
    )
    parser.add_argument("--now", action="store_true", help="a grace period of one second")
    parser.add_argument("--force", action="store_true", help="at once, without asking the kubelet")
    parser.add_argument(
        "--cascade",
        metavar="HOW",
        default="background",
        help="what becomes of the dependents: background, foreground or orphan "
        "(default: background)",
    ).completion = ("background", "foreground", "orphan")  # type: ignore[attr-defined]
    parser.add_argument(
        "--ignore-not-found", action="store_true", help="what is not there is no error"
    )
    add_dry_run(parser)
    add_output(parser, "name")
    add_wait(parser)
    add_data_dir(parser)
    parser.set_defaults(run=run, parser=parser)


def run(options: argparse.Namespace) -> int:
    """Delete what the words or the files name."""
    from pykube_core.api.builtin import BUILTIN
    from pykube_core.api.machinery.status import StatusError
    from pykube_core.cli.data_dir import changing, run_on

    grace = _grace(options)
    if options.cascade not in _PROPAGATION:
        allowed = '"background", "foreground", or "orphan"'
        raise CommandError(f"invalid cascade value ({options.cascade}). Must be {allowed}")
    if options.force:
        print(_FORCED, file=sys.stderr)
    targets = _targets(options)
    manifests, unread = read_manifests(BUILTIN, options)
    errors: list[CommandError | StatusError] = [*unread]
    with changing(options, make=False) as cluster:
        deleting = [Doomed(m.resource, m.namespace, m.name, m.source) for m in manifests]
        deleting += _find(cluster.server, targets, options)
        for one in deleting:
            try:
                _delete(cluster.server, one, grace, options)
            except StatusError as error:
                if not (error.code == 404 and (options.ignore_not_found or _chosen(options))):
                    source = one.source
                    errors.append(with_source(error, "deleting", source) if source else error)
        if not deleting and not errors:
            print("No resources found")
        done = 0 if options.dry_run != "none" else run_on(cluster, options)
    sys.stdout.flush()
    if errors:
        print(failure_lines(errors), file=sys.stderr)
        return 1
    return done


def _chosen(options: argparse.Namespace) -> bool:
    """Say whether objects are chosen rather than named."""
    return bool(options.all or options.selector or options.field_selector)


def _grace(options: argparse.Namespace) -> int | None:
    """Return the seconds that are asked for; None for each object's own."""
    if options.now:
        if options.grace_period != -1:
            raise CommandError("--now and --grace-period cannot be specified together")
        options.grace_period = 1
    if options.force:
        if options.grace_period > 0:
            raise CommandError(
                "--force and --grace-period greater than 0 cannot be specified together"
            )
        options.grace_period = 0
    elif options.grace_period == 0:
        # As upstream has it: without --force, zero is as short as a pod can end by itself.
        options.grace_period = 1
    return None if options.grace_period < 0 else options.grace_period


def _targets(options: argparse.Namespace) -> list[Target]:
    """Return what the words name; [] when files say what to delete."""
    from pykube_core.api.builtin import BUILTIN
    from pykube_core.cli.resource_arguments import NOTHING_GIVEN, parse_targets

    if options.filename:
        if options.words:
            raise CommandError("when paths are provided as input, no resources may be named")
        return []
    if not options.words:
        raise CommandError(NOTHING_GIVEN)
    targets = parse_targets(BUILTIN, options.words)
    for target in targets:
        if target.names and _chosen(options):
            raise CommandError("name cannot be provided when a selector is specified")
        if target.names and options.all_namespaces and target.resource.namespaced:
            raise CommandError("a resource cannot be retrieved by name across all namespaces")
        if not target.names and not _chosen(options):
            raise CommandError("resource(s) were provided, but no name was specified")
    return targets


def _find(server: ApiServer, targets: list[Target], options: argparse.Namespace) -> list[Doomed]:
    """Return the objects that the targets mean."""
    namespace = options.namespace or "default"
    found = []
    for resource, names in targets:
        found += [Doomed(resource, namespace, name) for name in names]
        if not names:
            listed = server.list(
                resource,
                "" if options.all_namespaces or not resource.namespaced else namespace,
                label_selector=options.selector,
                field_selector=options.field_selector,
            )
            found += [Doomed(resource, obj.namespace, obj.name) for obj in listed.items]
    return found


def _delete(server: ApiServer, one: Doomed, grace: int | None, options: argparse.Namespace) -> None:
    """Delete one object, and print so."""
    from pykube_core.cli.resource_arguments import printed_kind

    server.delete(
        one.resource,
        one.name,
        one.namespace,
        grace_period_seconds=grace,
        propagation=_PROPAGATION[options.cascade],
        dry_run=options.dry_run != "none",
    )
    kind = printed_kind(one.resource)
    if options.output == "name":
        print(f"{kind}/{one.name}")
        return
    done = "force deleted" if grace == 0 else "deleted"
    note = {"client": " (dry run)", "server": " (server dry run)"}.get(options.dry_run, "")
    print(f'{kind} "{one.name}" {done}{note}')
