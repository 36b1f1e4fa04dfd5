"""``pykube store``: look after the data directory of a store."""

from __future__ import annotations

import argparse
import base64
import json
import sys
from collections.abc import Callable
from pathlib import Path

from pykube_core.words import counted

DESCRIPTION = """\
Look after the data directory of a versioned store (the one of pykube etcd --data-dir), while no
one has it open.
"""

EPILOG = """\
examples:
  pykube store check ./data
  pykube store snapshot ./data backup.db
  pykube store restore backup.db ./data-again          also what etcdctl snapshot save wrote
  pykube store dump ./data --prefix /registry/pods/ | jq .key

exit codes: 0 done, 1 check found damage, 2 bad usage or input
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser], help: str) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("store", help=help, description=DESCRIPTION, epilog=EPILOG)
    verbs = parser.add_subparsers(metavar="VERB", dest="verb", required=True)

    def verb(
        name: str, text: str, function: Callable[[argparse.Namespace], int]
    ) -> argparse.ArgumentParser:
        sub = verbs.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        sub.set_defaults(run=run, act=function, parser=sub)
        return sub

    check = verb("check", "read everything and check every invariant, changing nothing", _check)
    check.add_argument("directory", metavar="DIR", type=Path)
    compact = verb("compact", "forget old revisions, and shorten the log to a snapshot", _compact)
    compact.add_argument("directory", metavar="DIR", type=Path)
    compact.add_argument(
        "--revision", metavar="N", type=int, help="keep from here on (default: the current one)"
    )
    snapshot = verb("snapshot", "write a backup to a file", _snapshot)
    snapshot.add_argument("directory", metavar="DIR", type=Path)
    snapshot.add_argument("file", metavar="FILE", type=Path)
    restore = verb("restore", "make a data directory from a backup", _restore)
    restore.add_argument("file", metavar="FILE", type=Path)
    restore.add_argument("directory", metavar="DIR", type=Path)
    dump = verb("dump", "print keys and values, one JSON object a line", _dump)
    dump.add_argument("directory", metavar="DIR", type=Path)
    dump.add_argument("--prefix", default="", help="only keys that begin with this")
    dump.add_argument("--revision", metavar="N", type=int, default=0, help="as it was then")


def run(options: argparse.Namespace) -> int:
    """Do what the verb says."""
    from pykube_core.store import StoreError

    try:
        return int(options.act(options))
    except (StoreError, FileExistsError, ValueError) as error:
        print(f"pykube store {options.verb}: error: {error}", file=sys.stderr)
        return 2


def _existing(directory: Path) -> Path:
    if not directory.is_dir():
        raise ValueError(f"{directory}: no such directory")
    return directory


def _check(options: argparse.Namespace) -> int:
    from pykube_core.store import CorruptError, Store

    try:
        store = Store(_existing(options.directory), read_only=True)
    except CorruptError as error:
        print(f"{options.directory}: damaged: {error}")
        return 1
    with store:
        store.validate()
        status = store.status()
        print(
            f"{options.directory}: sound; revision {status.revision:,}, compacted at "
            f"{status.compact_revision:,}, {counted(status.key_count, 'key')}, "
            f"{counted(status.version_count, 'version')}, {counted(status.lease_count, 'lease')}, "
            f"{counted(status.disk_bytes, 'byte')} of records"
        )
    return 0


def _compact(options: argparse.Namespace) -> int:
    from pykube_core.store import Store

    with Store(_existing(options.directory)) as store:
        before = store.status()
        revision = before.revision if options.revision is None else options.revision
        if options.revision is not None or revision > before.compact_revision:
            store.compact(revision)
        store.snapshot()
        after = store.status()
        print(
            f"{options.directory}: compacted at {after.compact_revision:,}; "
            f"{before.version_count:,} -> {counted(after.version_count, 'version')}, "
            f"{before.disk_bytes:,} -> {counted(after.disk_bytes, 'byte')} of records"
        )
    return 0


def _snapshot(options: argparse.Namespace) -> int:
    from pykube_core.store import Store
    from pykube_core.store.snapshot_file import write_snapshot_file

    with Store(_existing(options.directory)) as store:
        data = store.backup()
        revision = store.revision
    size_bytes = write_snapshot_file(options.file, data)
    print(f"{options.file}: revision {revision:,}, {counted(size_bytes, 'byte')}")
    return 0


def _restore(options: argparse.Namespace) -> int:
    from pykube_core.store import restore_backup
    from pykube_core.store.snapshot_file import read_snapshot_file

    revision = restore_backup(read_snapshot_file(options.file), options.directory)
    print(f"{options.directory}: revision {revision:,}")
    return 0


def _field(name: str, data: bytes) -> dict[str, str]:
    """Return the bytes as text under ``name``, or as base64 under ``name_base64``."""
    try:
        return {name: data.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(data).decode()}


def _dump(options: argparse.Namespace) -> int:
    from pykube_core.store import FROM_KEY, Store, prefix_end

    prefix = options.prefix.encode()
    with Store(_existing(options.directory), read_only=True) as store:
        first, end = (prefix, prefix_end(prefix)) if prefix else (b"\0", FROM_KEY)
        for kv in store.range(first, end, revision=options.revision).kvs:
            line = {
                **_field("key", kv.key),
                **_field("value", kv.value),
                "create_revision": kv.create_revision,
                "mod_revision": kv.mod_revision,
                "version": kv.version,
                "lease": kv.lease,
            }
            print(json.dumps(line, ensure_ascii=False))
    return 0
