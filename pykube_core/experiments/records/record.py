"""Records of control planes, read from files."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Final

import msgspec

from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.objects import Json, KubeObject

FORMAT: Final = "record-cp/1"


class Record(msgspec.Struct, kw_only=True):
    """One record; its fields are those of the file.

    Attributes
    ----------
    steps : list of dict
        The script, with what came back.
    stream : list of dict
        Changes of objects, in order.
    events : list of dict
        The last state of Event objects.
    final : dict
        Objects at the end, by "Kind/name".
    determinism : dict
        How far two runs agreed.
    variable_streams : dict
        Of objects whose changes differed between runs, the changes of each run.
    """

    format: str
    family: str
    name: str
    title: str = ""
    versions: dict[str, str] = {}
    kubelet: str = "none"
    namespace: str = "demo"
    steps: list[KubeObject]
    stream: list[KubeObject] = []
    events: list[KubeObject] = []
    final: dict[str, KubeObject] = {}
    determinism: dict[str, Json] = {}
    variable_streams: dict[str, dict[str, list[Json]]] = {}

    @property
    def label(self) -> str:
        """Family and name."""
        return f"{self.family}/{self.name}"


class _Head(msgspec.Struct):
    format: Json = None


_HEAD: Final = msgspec.json.Decoder(_Head)
_RECORD: Final = msgspec.json.Decoder(Record)


def is_record(path: Path) -> bool:
    """Say whether a file is a record of a control plane."""
    try:
        return bool(_HEAD.decode(_bytes(path)).format == FORMAT)
    except (OSError, EOFError, msgspec.DecodeError):
        return False


def read_record(path: Path) -> Record:
    """Return the record in a file.

    Raises
    ------
    InputError
        It is none.
    """
    try:
        return _RECORD.decode(_bytes(path))
    except (OSError, EOFError, msgspec.DecodeError) as error:
        raise InputError(f"no record of a control plane: {error}", source=str(path)) from None


def _bytes(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
