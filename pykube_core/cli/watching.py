"""``pykube get -w``: objects as they are, and each of their changes.

Source: ``k8s.io/kubectl/pkg/cmd/get/get.go`` v0.37.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from pykube_core.cli.failures import CommandError
from pykube_core.cli.options import TIMEOUT_SECONDS

if TYPE_CHECKING:
    from pykube_core.api.machinery.objects import KubeObject
    from pykube_core.api.machinery.registry import Resource
    from pykube_core.apiserver import ObjectWatch
    from pykube_core.cli.output.formats import Format
    from pykube_core.cli.resource_arguments import Target
    from pykube_core.cli.session import Session

_BOOKMARK = "BOOKMARK"
_ERROR = "ERROR"


def watch_objects(options: argparse.Namespace, format: Format | None) -> int:
    """Show objects and their changes while the cluster runs on."""
    from pykube_core.api.machinery.status import StatusError
    from pykube_core.cli.session import working
    from pykube_core.cli.visiting import checked_targets

    if options.sort_by:
        ignored = (
            "--watch requested, --sort-by will be ignored for watch events received"
            if options.watch
            else "--watch-only requested, --sort-by will be ignored"
        )
        print(f"warning: {ignored}", file=sys.stderr)
    with working(options) as session:
        targets = checked_targets(session.client, options, options.words, all_of_kind=True)
        if len(targets) != 1 or len(targets[0].names) > 1:
            raise CommandError("you may only specify a single resource type")
        try:
            watcher = _Watcher(session, targets[0], format, options)
        except StatusError as error:
            if error.code == 404 and options.ignore_not_found:
                return 0
            raise
        with watcher.watch:
            session.run(watcher, options.request_timeout or TIMEOUT_SECONDS)
    return 0


class _Watcher:
    """Shows the objects of one target, and what changes when called; it never has enough."""

    def __init__(
        self,
        session: Session,
        target: Target,
        format: Format | None,
        options: argparse.Namespace,
    ) -> None:
        from pykube_core.cli.get import table_options
        from pykube_core.cli.visiting import everywhere, scope

        self._session = session
        self._resource: Resource = target.resource
        self._format = format
        self._events = options.output_watch_events
        self._table = table_options(options, with_kind=False)
        self._widths: list[int] = []
        within = "" if everywhere(options) or not self._resource.namespaced else scope(options)
        client, fields, version = session.client, options.field_selector, ""
        if target.names:
            shown = [client.get(self._resource, target.names[0], scope(options))]
            fields, version = f"metadata.name={target.names[0]}", str(client.revision)
        else:
            listed = client.list(
                self._resource, within, label_selector=options.selector, field_selector=fields
            )
            shown, version = listed.items, str(listed.revision)
        self.watch: ObjectWatch = client.watch(
            self._resource,
            within,
            label_selector=options.selector,
            field_selector=fields,
            resource_version=version,
        )
        if not options.watch_only:
            self._show("ADDED", [obj.decode() for obj in shown])

    def __call__(self) -> bool:
        while events := self.watch.read():
            for event in events:
                if event.type == _ERROR and event.error is not None:
                    raise event.error
                if event.type != _BOOKMARK and event.object is not None:
                    self._show(event.type, [event.object.decode()])
        return False

    def _show(self, type: str, objects: list[KubeObject]) -> None:
        if self._format is not None:
            for obj in objects:
                shown = {"type": type, "object": obj} if self._events else obj
                sys.stdout.write(self._format(shown))
        elif objects:
            self._show_rows(type, objects)
        sys.stdout.flush()

    def _show_rows(self, type: str, objects: list[KubeObject]) -> None:
        from pykube_core.cli.printing import table_lines

        event = type if self._events else ""
        lines = table_lines(
            self._resource,
            objects,
            self._session.now_ns,
            self._table,
            event=event,
            widths=self._widths,
        )
        self._table = self._table._replace(no_headers=True)
        print("\n".join(lines))
