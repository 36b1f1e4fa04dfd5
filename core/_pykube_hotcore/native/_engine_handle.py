"""The engine's handle: made, locked, checked and freed."""

import threading
from types import TracebackType
from typing import Any, Self

from _pykube_hotcore._ffi import ffi, lib
from _pykube_hotcore.native._status import check
from _pykube_hotcore.program import Tie


def kernels() -> list[str]:
    """Return the names of the kernels that this machine can run, in rising order of preference."""
    return [
        ffi.string(lib.pkc_kernel_name(i)).decode()
        for i in range(lib.pkc_kernel_count())
        if lib.pkc_kernel_supported(i)
    ]


class EngineHandle:
    """An engine of C and the lock under which it is called. Parameters: see ``Engine``."""

    def __init__(self, kernel: str | None, tie: Tie, seed: int) -> None:
        index = -1
        if kernel is not None:
            if kernel not in kernels():
                raise ValueError(f"kernel {kernel!r} is not one of {', '.join(kernels())}")
            index = kernels().index(kernel)
        out = ffi.new("pkc_engine **")
        check(lib.pkc_engine_new(index, tie, seed & (2**64 - 1), out), "engine")
        self._lock = threading.Lock()
        self._handle: Any = ffi.gc(out[0], lib.pkc_engine_free)

    def close(self) -> None:
        """Free the engine; a second close does nothing."""
        with self._lock:
            if self._handle is not None:
                ffi.release(self._handle)
                self._handle = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def _engine(self) -> Any:
        if self._handle is None:
            raise ValueError("the engine is closed")
        return self._handle

    def validate(self) -> None:
        """Check every invariant from scratch; raise AssertionError with the broken one."""
        reason = ffi.new("const char **")
        with self._lock:
            line = lib.pkc_engine_validate(self._engine, reason)
        if line != 0:
            raise AssertionError(f"engine line {line}: {ffi.string(reason[0]).decode()}")
