"""The only door to C: every call into the extension module is made in this package.

Each method checks dtype, shape, contiguity and range, calls once, and raises on a negative status
with C's own words. The store's handle is in ``native._store``.
"""

from _pykube_hotcore.native._engine import Engine
from _pykube_hotcore.native._engine_answers import Evaluation, Victims
from _pykube_hotcore.native._engine_handle import kernels
from _pykube_hotcore.native._node_batch import NodeBatch
from _pykube_hotcore.native._replay import Replay, play_singly
from _pykube_hotcore.native._status import NativeError, check, status_text
from _pykube_hotcore.native._survey import Survey

__all__ = [
    "Engine",
    "Evaluation",
    "NativeError",
    "NodeBatch",
    "Replay",
    "Survey",
    "Victims",
    "check",
    "kernels",
    "play_singly",
    "status_text",
]
