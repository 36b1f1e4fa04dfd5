"""The versioned store: etcd's semantics in this process, or a real etcd behind the same interface.

>>> from pykube_core import Store
>>> store = Store()
>>> store.put(b"a", b"1").revision
2
>>> store.get(b"a").value
b'1'
"""

from _pykube_hotcore.constants import STORE_OPERATIONS_MAX as OPERATIONS_MAX
from _pykube_hotcore.constants import STORE_REQUEST_BYTES_MAX as REQUEST_BYTES_MAX
from _pykube_hotcore.native._puts import FIELDS_MAX, Form, Puts
from _pykube_hotcore.native._store_errors import (
    ClosedError,
    CompactedError,
    CorruptError,
    FailedError,
    ForeignError,
    FutureRevisionError,
    LeaseExistsError,
    LeaseNotFoundError,
    LeaseTTLError,
    LockedError,
    NewerFormatError,
    NoSpaceError,
    OpenError,
    QuotaError,
    RequestError,
    StoreError,
)
from _pykube_hotcore.native._store_types import (
    BatchResult,
    Compare,
    Delete,
    DeleteResult,
    Event,
    Get,
    KeyValue,
    LeaseInfo,
    Op,
    PackedEvents,
    Put,
    PutResult,
    RangeResult,
    Result,
    StoreStatus,
    Txn,
    TxnResult,
    WatchBatch,
)
from _pykube_hotcore.native._store_views import RangeView
from pykube_core.store._embedded import Store, restore_backup
from pykube_core.store._interface import INSTALL_ETCD, StoreLike, open_store
from pykube_core.store._keys import FROM_KEY, prefix_end
from pykube_core.store._watch import Watch

__all__ = [
    "FIELDS_MAX",
    "FROM_KEY",
    "INSTALL_ETCD",
    "OPERATIONS_MAX",
    "REQUEST_BYTES_MAX",
    "BatchResult",
    "ClosedError",
    "CompactedError",
    "Compare",
    "CorruptError",
    "Delete",
    "DeleteResult",
    "Event",
    "FailedError",
    "ForeignError",
    "Form",
    "FutureRevisionError",
    "Get",
    "KeyValue",
    "LeaseExistsError",
    "LeaseInfo",
    "LeaseNotFoundError",
    "LeaseTTLError",
    "LockedError",
    "NewerFormatError",
    "NoSpaceError",
    "Op",
    "OpenError",
    "PackedEvents",
    "Put",
    "PutResult",
    "Puts",
    "QuotaError",
    "RangeResult",
    "RangeView",
    "RequestError",
    "Result",
    "Store",
    "StoreError",
    "StoreLike",
    "StoreStatus",
    "Txn",
    "TxnResult",
    "Watch",
    "WatchBatch",
    "open_store",
    "prefix_end",
    "restore_backup",
]
