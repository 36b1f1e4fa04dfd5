"""``python -m pykube_core`` is ``pykube``: the process, its signals and its standard streams.

A signal ends the process where it stands, and no exception is raised: one would have to pass
through imports, callbacks and pools of threads that were not written for it. The part that has to
survive does anyway: the store is made to be killed, and `pykube_core.files` writes files aside.
"""

import _thread
import os
import signal
import sys
from types import FrameType

ENDED_BY = {
    signal.SIGINT: "interrupted",
    signal.SIGTERM: "terminated",
    signal.SIGHUP: "hung up",
}


def run() -> int:
    """Run the command line as a process of its own; return the exit code."""
    for number in ENDED_BY:
        # A shell that starts us in the background may have them ignored, and means it.
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _end)
    _watch()
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))
        elif mode == "w" and hasattr(stream, "reconfigure"):
            # Names of files and tables have characters that a terminal may lack.
            stream.reconfigure(errors="backslashreplace")
    from pykube_core.cli import main

    return main()


def _watch() -> None:
    """Let a signal end the process while the engine computes, too.

    Python runs handlers between two steps of its main thread, and none comes while that is in the
    engine: a policy that never returns could not be interrupted. Another thread can be told.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)

    def watch() -> None:
        while numbers := os.read(reading, 16):
            for number in numbers:
                if signal.getsignal(number) is _end:
                    _end(number, None)

    _thread.start_new_thread(watch, ())


_ending = _thread.allocate_lock()


def _end(number: int, frame: FrameType | None) -> None:
    """End the process, with the exit code that a shell gives for a signal."""
    # Two threads come here, and one of them anew with each further signal: the first ends both.
    if not _ending.acquire(blocking=False):
        return
    files = sys.modules.get("pykube_core.files")
    if files is not None:
        files.discard_unfinished()
    bar = "\r\x1b[K" if os.isatty(2) else ""
    try:
        os.write(2, f"{bar}pykube: {ENDED_BY[signal.Signals(number)]}\n".encode())
    finally:
        os._exit(128 + number)


if __name__ == "__main__":
    sys.exit(run())
