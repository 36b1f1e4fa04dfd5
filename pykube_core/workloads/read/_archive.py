"""Folders of objects, on disk or in a tar: manifests, dumps of kubectl, backups of velero."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterator, Sequence
from typing import Final

from pykube_core.api.machinery.errors import InputError
from pykube_core.workloads.read._packed import UNPACKED_BYTES_MAX, unpack

_MANIFEST: Final = re.compile(r"\.(json|ya?ml)(\.gz|\.zst)?\Z")
# Of velero's formats from 1.1.0 on, the files without the version of their group: each object
# once, in the version that its server prefers. (velero.io/docs/main/output-file-format)
_VELERO: Final = re.compile(r"(.*/)?resources/[^/]+/(namespaces/[^/]+|cluster)/[^/]+\.json")
_VELERO_BACKUP: Final = "velero-backup.json"
_TAR_MAGIC_AT: Final = 257


def choose_files(names: Sequence[str]) -> list[str]:
    """Return the files of a folder that hold objects, in order of their names.

    Parameters
    ----------
    names : sequence of str
        Paths inside the folder, with "/" between their parts.

    Notes
    -----
    Of a velero backup these are the objects under ``resources``; of what velero keeps in its
    bucket, the backup itself; of any other folder, all JSON and YAML outside hidden folders.
    """
    backup = sorted(name for name in names if _VELERO.fullmatch(name))
    if backup:
        return backup
    if _VELERO_BACKUP in names:
        packed = sorted(name for name in names if "/" not in name and name.endswith(".tar.gz"))
        if packed:
            return packed
    return sorted(
        name
        for name in names
        if _MANIFEST.search(name) and not any(part.startswith(".") for part in name.split("/"))
    )


def is_tar(data: bytes) -> bool:
    """Say whether data are a tar, of POSIX or of GNU."""
    return data[_TAR_MAGIC_AT : _TAR_MAGIC_AT + 5] == b"ustar"


def tar_files(source: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the files in a tar that hold objects.

    Raises
    ------
    InputError
        The tar is not whole, or holds no such file, or more than is allowed.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            members = {member.name.removeprefix("./"): member for member in tar if member.isreg()}
            chosen = choose_files(list(members))
            if not chosen:
                raise InputError("no file in this tar is JSON or YAML", source=source)
            size = 0
            for name in chosen:
                member = members[name]
                size += member.size
                if size > UNPACKED_BYTES_MAX:
                    raise InputError(f"holds more than {UNPACKED_BYTES_MAX} B", source=source)
                file = tar.extractfile(member)
                content = file.read() if file is not None else b""
                if len(content) < member.size:
                    raise InputError("the tar ends too early", source=source)
                label = f"{source}:{name}"
                yield label, unpack(content, label)
    except (tarfile.TarError, OSError, EOFError):
        raise InputError("bad tar, or one that ends too early", source=source) from None
