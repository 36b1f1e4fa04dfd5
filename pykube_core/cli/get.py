"""``pykube get``: objects of a cluster, as ``kubectl get`` shows them."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from pykube_core.cli.failures import CommandError, failure_lines
from pykube_core.cli.options import (
    add_data_dir,
    add_namespace,
    add_output,
    add_selectors,
    add_words,
)

if TYPE_CHECKING:
    from pykube_core.api.machinery.objects import KubeObject
    from pykube_core.api.machinery.registry import Resource
    from pykube_core.api.machinery.status import StatusError
    from pykube_core.cli.data_dir import Reading
    from pykube_core.cli.resource_arguments import Target

DESCRIPTION = """\
Show the objects of the cluster in a data directory, in kubectl's own layout. Nothing runs
meanwhile: the cluster is shown as the last command left it, and ages are as of that time.
"""

EPILOG = """\
examples:
  pykube get pods                                  the pods of the namespace default
  pykube get pods -A -o wide                       of all namespaces, with address and node
  pykube get deploy,rs,pods -l app=httpd           several kinds, chosen by label
  pykube get all -n kube-system
  pykube get deployment/httpd -o yaml              one object, whole
  pykube get events --field-selector involvedObject.name=host1

kinds: namespaces (ns), nodes (no), pods (po), deployments (deploy), replicasets (rs),
  daemonsets (ds), events (ev), configmaps (cm), leases, priorityclasses (pc), all
exit codes: 0 shown, 1 something asked for is not there, 2 bad usage or no cluster
"""

_FORMATS = ("wide", "json", "yaml", "name")
_NO_KIND = """\
You must specify the type of resource to get. Use "pykube get --help" for the kinds there are.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser], help: str) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("get", help=help, description=DESCRIPTION, epilog=EPILOG)
    add_words(parser)
    add_namespace(parser)
    parser.add_argument("-A", "--all-namespaces", action="store_true", help="of all namespaces")
    add_output(parser, *_FORMATS)
    add_selectors(parser)
    parser.add_argument("--show-labels", action="store_true", help="a column of all labels")
    parser.add_argument(
        "-L",
        "--label-columns",
        metavar="LABEL,...",
        action="append",
        default=[],
        help="a column for each of these labels",
    )
    parser.add_argument("--no-headers", action="store_true", help="rows only")
    parser.add_argument(
        "--ignore-not-found", action="store_true", help="what is not there is no error"
    )
    add_data_dir(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print what the words name; the errors follow on stderr."""
    from pykube_core.cli.data_dir import reading
    from pykube_core.cli.resource_arguments import parse_targets

    if not options.words:
        print(_NO_KIND, file=sys.stderr)
        raise CommandError("Required resource not specified.")
    if options.output not in ("", *_FORMATS):
        allowed = ",".join(sorted(_FORMATS))
        raise CommandError(
            "unable to match a printer suitable for the output format "
            f'"{options.output}", allowed formats are: {allowed}'
        )
    with reading(options) as cluster:
        targets = parse_targets(cluster.server.registry, options.words)
        _check(options, targets)
        found = [_find(cluster, target, options) for target in targets]
        errors = [error for _, failed in found for error in failed]
        groups = [
            (target.resource, objects)
            for target, (objects, _) in zip(targets, found, strict=True)
            if objects or not target.names
        ]
        if options.output in ("", "wide"):
            _print_tables(groups, cluster.now_ns, options, quiet=bool(errors))
        else:
            _print_objects(targets, groups, options.output, bool(errors))
    sys.stdout.flush()
    if errors:
        print(failure_lines(errors), file=sys.stderr)
    return 1 if errors else 0


def _check(options: argparse.Namespace, targets: list[Target]) -> None:
    if not any(target.names for target in targets):
        return
    if options.selector or options.field_selector:
        raise CommandError("name cannot be provided when a selector is specified")
    if options.all_namespaces and any(target.resource.namespaced for target in targets):
        raise CommandError("a resource cannot be retrieved by name across all namespaces")


def _find(
    cluster: Reading, target: Target, options: argparse.Namespace
) -> tuple[list[KubeObject], list[StatusError]]:
    """Return the objects of a target, and an error for each that is not there."""
    from pykube_core.api.machinery.status import StatusError

    server, resource = cluster.server, target.resource
    namespace = options.namespace or "default"
    if not target.names:
        within = "" if options.all_namespaces or not resource.namespaced else namespace
        try:
            listed = server.list(
                resource,
                within,
                label_selector=options.selector,
                field_selector=options.field_selector,
            )
        except StatusError as error:
            return [], [_unable(error, resource, options)]
        return [obj.decode() for obj in listed.items], []
    objects, errors = [], []
    for name in target.names:
        try:
            objects.append(server.get(resource, name, namespace).decode())
        except StatusError as error:
            if not (options.ignore_not_found and error.code == 404):
                errors.append(error)
    return objects, errors


def _unable(error: StatusError, resource: Resource, options: argparse.Namespace) -> StatusError:
    """Return the error of a list with the selectors that it is about."""
    from pykube_core.api.machinery.status import StatusError

    if error.code != 400:
        return error
    message = (
        f'Unable to find "{resource.group}/{resource.version}, Resource={resource.plural}" that '
        f'match label selector "{options.selector}", field selector "{options.field_selector}": '
        f"{error.message}"
    )
    return StatusError(error.code, error.reason, message, error.details)


def _print_tables(
    groups: list[tuple[Resource, list[KubeObject]]],
    now_ns: int,
    options: argparse.Namespace,
    *,
    quiet: bool,
) -> None:
    """Print a table for each run of objects of one resource, empty lines between them."""
    from pykube_core.cli.printing import TableOptions, table_lines

    labels = tuple(label for text in options.label_columns for label in text.split(",") if label)
    merged: list[tuple[Resource, list[KubeObject]]] = []
    for resource, objects in groups:
        if merged and merged[-1][0] is resource:
            merged[-1][1].extend(objects)
        else:
            merged.append((resource, list(objects)))
    table = TableOptions(
        wide=options.output == "wide",
        with_kind=len({resource.qualified for resource, _ in merged}) > 1,
        with_namespace=options.all_namespaces,
        show_labels=options.show_labels,
        label_columns=labels,
        no_headers=options.no_headers,
    )
    blocks = [
        "\n".join(table_lines(resource, objects, now_ns, table))
        for resource, objects in merged
        if objects
    ]
    if blocks:
        print(("\n" if options.no_headers else "\n\n").join(blocks))
    elif not quiet and not options.ignore_not_found:
        of_one = not options.all_namespaces and all(resource.namespaced for resource, _ in groups)
        where = f" in {options.namespace or 'default'} namespace." if of_one else ""
        print(f"No resources found{where}", file=sys.stderr)


def _print_objects(
    targets: list[Target],
    groups: list[tuple[Resource, list[KubeObject]]],
    output: str,
    failed: bool,
) -> None:
    """Print objects whole: one that was named alone as it is, all others as a list."""
    from pykube_core.cli.printing import list_text, object_text

    objects = [(resource, obj) for resource, found in groups for obj in found]
    named = sum(len(target.names) for target in targets)
    if output == "name":
        for resource, obj in objects:
            print(object_text(resource, obj, output))
    elif len(targets) == named == 1:
        for resource, obj in objects:
            print(object_text(resource, obj, output))
    elif objects or not failed:
        print(list_text([obj for _, obj in objects], output))
