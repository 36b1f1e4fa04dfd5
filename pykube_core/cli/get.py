"""``pykube get``: objects of a cluster, as ``kubectl get`` shows them."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from pykube_core.cli.failures import CommandError, failure_lines
from pykube_core.cli.manifests import add_filename
from pykube_core.cli.options import (
    add_data_dir,
    add_namespace,
    add_object_output,
    add_selectors,
    add_words,
    duration,
)
from pykube_core.cli.visiting import add_chunk_size

if TYPE_CHECKING:
    from pykube_core.api.machinery.objects import KubeObject
    from pykube_core.api.machinery.registry import Resource
    from pykube_core.api.machinery.status import StatusError
    from pykube_core.cli.output.formats import Format
    from pykube_core.cli.printing import TableOptions
    from pykube_core.cli.resource_arguments import Target
    from pykube_core.cli.session import Session
    from pykube_core.cli.visiting import Found

DESCRIPTION = """\
Show the objects of the cluster in a data directory, in kubectl's own layout. Nothing runs
meanwhile: the cluster is shown as the last command left it, and ages are as of that time. With -w
the cluster runs on, and each change is shown, until nothing is left to do.
"""

EPILOG = """\
examples:
  pykube get pods                                  the pods of the namespace default
  pykube get pods -A -o wide                       of all namespaces, with address and node
  pykube get deploy,rs,pods -l app=httpd           several kinds, chosen by label
  pykube get all -n kube-system
  pykube get deployment/httpd -o yaml              one object, whole
  pykube get pods --sort-by=.status.startTime
  pykube get pods -o custom-columns=NAME:.metadata.name,NODE:.spec.nodeName
  pykube get pods -o jsonpath='{range .items[*]}{.metadata.name}{"\\n"}{end}'
  pykube get pods -o go-template='{{range .items}}{{.metadata.name}} {{end}}'
  pykube get pods -w                               each change, while the cluster runs on
  pykube get events --field-selector involvedObject.name=host1

kinds: namespaces (ns), nodes (no), pods (po), deployments (deploy), replicasets (rs),
  daemonsets (ds), events (ev), configmaps (cm), leases, priorityclasses (pc), all
exit codes: 0 shown, 1 something asked for is not there, 2 bad usage or no cluster
"""

_FORMATS = ("wide", "custom-columns", "custom-columns-file")
_NO_KIND = """\
You must specify the type of resource to get. Use "pykube get --help" for the kinds there are.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser], help: str) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("get", help=help, description=DESCRIPTION, epilog=EPILOG)
    add_words(parser)
    add_filename(parser)
    add_namespace(parser)
    parser.add_argument("-A", "--all-namespaces", action="store_true", help="of all namespaces")
    add_object_output(parser, "wide", "custom-columns=", "custom-columns-file=")
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
    parser.add_argument("--show-kind", action="store_true", help="kinds before the names")
    parser.add_argument("--no-headers", action="store_true", help="rows only")
    parser.add_argument(
        "--sort-by", metavar="PATH", default="", help="a field to sort by, such as .metadata.name"
    )
    parser.add_argument(
        "--ignore-not-found", action="store_true", help="what is not there is no error"
    )
    parser.add_argument("-w", "--watch", action="store_true", help="show what changes, too")
    parser.add_argument("--watch-only", action="store_true", help="show what changes alone")
    parser.add_argument(
        "--output-watch-events", action="store_true", help="say how each object changed"
    )
    parser.add_argument(
        "--request-timeout",
        metavar="TIME",
        type=duration,
        default=0.0,
        help="watch for so much of the cluster's time at most",
    )
    add_chunk_size(parser)
    add_data_dir(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print what the words name; the errors follow on stderr."""
    from pykube_core.cli.output.formats import object_format
    from pykube_core.cli.session import looking

    watches = options.watch or options.watch_only
    if not (options.words or options.filename or watches):
        print(_NO_KIND, file=sys.stderr)
        raise CommandError("Required resource not specified.")
    _check_columns(options)
    format = object_format(options, _FORMATS)
    if watches:
        from pykube_core.cli.watching import watch_objects

        return watch_objects(options, format)
    with looking(options) as session:
        found, errors, is_single = _find(session, options)
        _print(session, found, format, options, failed=bool(errors), is_single=is_single)
    sys.stdout.flush()
    if errors:
        print(failure_lines(errors), file=sys.stderr)
    return 1 if errors else 0


def _check_columns(options: argparse.Namespace) -> None:
    """Refuse columns that the format has no place for."""
    if options.show_labels and options.output not in ("", "wide"):
        raise CommandError(f"--show-labels option cannot be used with {options.output} printer")
    if options.label_columns and options.output.startswith("custom-columns"):
        raise CommandError(f"--label-columns option cannot be used with {options.output} printer")
    if options.output_watch_events and not (options.watch or options.watch_only):
        raise CommandError(
            "--output-watch-events option can only be used with --watch or --watch-only"
        )


def _find(
    session: Session, options: argparse.Namespace
) -> tuple[list[Found], list[CommandError | StatusError], bool]:
    """Return the objects that are asked for, and what kept others from being found."""
    from pykube_core.api.machinery.status import StatusError
    from pykube_core.cli.visiting import checked_targets, visit

    client = session.client
    if options.filename:
        found, errors, is_single = visit(client, options, options.words)
    else:
        targets = checked_targets(client, options, options.words, all_of_kind=True)
        found, errors, is_single = visit(client, options, options.words, all_of_kind=True)
        errors = [
            _unable(error, targets, options) if isinstance(error, StatusError) else error
            for error in errors
        ]
    if options.ignore_not_found:
        errors = [e for e in errors if not (isinstance(e, StatusError) and e.code == 404)]
    return found, errors, is_single


def _unable(error: StatusError, targets: list[Target], options: argparse.Namespace) -> StatusError:
    """Return the error of a list with the selectors that it is about."""
    from pykube_core.api.machinery.status import StatusError

    if error.code != 400 or any(target.names for target in targets):
        return error
    resource = targets[0].resource
    message = (
        f'Unable to find "{resource.group}/{resource.version}, Resource={resource.plural}" that '
        f'match label selector "{options.selector}", field selector "{options.field_selector}": '
        f"{error.message}"
    )
    return StatusError(error.code, error.reason, message, error.details)


def _print(
    session: Session,
    found: list[Found],
    format: Format | None,
    options: argparse.Namespace,
    *,
    failed: bool,
    is_single: bool,
) -> None:
    from pykube_core.cli.output.sorting import sorted_by
    from pykube_core.cli.printing import as_list

    if format is None:
        _print_tables(session, found, options, quiet=failed)
        return
    if is_single:
        for one in found:
            sys.stdout.write(format(one.object))
        return
    objects = [one.object for one in found]
    if not objects and (failed or options.ignore_not_found):
        return
    if options.sort_by and objects:
        objects = [obj for _, obj in sorted_by(options.sort_by, [(None, o) for o in objects])]
    if options.output == "name":
        for obj in objects:
            sys.stdout.write(format(obj))
    else:
        sys.stdout.write(format(as_list(objects)))


def table_options(options: argparse.Namespace, *, with_kind: bool) -> TableOptions:
    """Return how tables are printed."""
    from pykube_core.cli.printing import TableOptions

    labels = tuple(label for text in options.label_columns for label in text.split(",") if label)
    return TableOptions(
        wide=options.output == "wide",
        with_kind=options.show_kind or with_kind,
        with_namespace=options.all_namespaces,
        show_labels=options.show_labels,
        label_columns=labels,
        no_headers=options.no_headers,
    )


def _print_tables(
    session: Session, found: list[Found], options: argparse.Namespace, *, quiet: bool
) -> None:
    """Print a table for each run of objects of one resource, empty lines between them.

    Names have their kind in front once several kinds are asked for, or found.
    """
    from pykube_core.cli.output.sorting import sorted_by
    from pykube_core.cli.printing import table_lines
    from pykube_core.cli.resource_arguments import parse_targets

    merged: list[tuple[Resource, list[KubeObject]]] = []
    for one in found:
        if merged and merged[-1][0] is one.resource:
            merged[-1][1].append(one.object)
        else:
            merged.append((one.resource, [one.object]))
    kinds = {resource for resource, _ in merged}
    if not options.filename:
        kinds |= {each.resource for each in parse_targets(session.client.registry, options.words)}
    table = table_options(options, with_kind=len(kinds) > 1)
    blocks = []
    for resource, objects in merged:
        if options.sort_by:
            objects = [obj for _, obj in sorted_by(options.sort_by, [(None, o) for o in objects])]
        blocks.append("\n".join(table_lines(resource, objects, session.now_ns, table)))
    if blocks:
        print(("\n" if options.no_headers else "\n\n").join(blocks))
    elif not quiet and not options.ignore_not_found:
        print(f"No resources found{_where(options)}", file=sys.stderr)


def _where(options: argparse.Namespace) -> str:
    """Return where nothing was found, of kinds that all have namespaces."""
    from pykube_core.api.builtin import BUILTIN
    from pykube_core.cli.resource_arguments import parse_targets
    from pykube_core.cli.visiting import scope

    targets = parse_targets(BUILTIN, options.words)
    if options.all_namespaces or not all(target.resource.namespaced for target in targets):
        return ""
    return f" in {scope(options)} namespace."
