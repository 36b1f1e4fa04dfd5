"""The files of a store's directory, as far as Python writes them."""

import struct

from _pykube_hotcore._ffi import lib
from _pykube_hotcore.native._store_errors import CorruptError

_HEADER_BYTES = 64
_SNAPSHOT_MAGIC, _LOG_MAGIC = b"pkcsnap", b"pkcwal\0"


def backup_files(data: bytes) -> dict[str, bytes]:
    """Return the files of a directory that begins with this snapshot: itself and an empty segment.

    Raises
    ------
    CorruptError
        It does not begin as a snapshot does.
    """
    header = data[:_HEADER_BYTES]
    if len(header) < _HEADER_BYTES or not header.startswith(_SNAPSHOT_MAGIC):
        raise CorruptError(lib.PKC_ERR_CORRUPT, "snapshot, byte 0")
    (base,) = struct.unpack_from("<Q", header, 16)
    body = _LOG_MAGIC + header[7 : _HEADER_BYTES - 4]
    crc = lib.pkc_crc32c(0, body, len(body))
    segment = body + struct.pack("<I", crc)
    return {f"snap-{base:016x}.snap": data, f"log-{base:016x}.wal": segment}
