"""Source for cffi: every public declaration, read from the headers that C itself includes."""

from pathlib import Path

from cffi import FFI

HEADERS = (
    "pkc_api.h",
    "pkc_document_api.h",
    "pkc_engine_api.h",
    "pkc_form_api.h",
    "pkc_program_api.h",
    "pkc_store_api.h",
)

ffibuilder = FFI()
for header in HEADERS:
    ffibuilder.cdef((Path(__file__).parent / "include" / header).read_text(encoding="utf-8"))
ffibuilder.set_source("_pykube_hotcore._ffi", '#include "pkc.h"')
