"""etcd's gRPC codes and words for what the store refuses."""

from __future__ import annotations

import grpc

from pykube_core.store import (
    CompactedError,
    FailedError,
    FutureRevisionError,
    LeaseExistsError,
    LeaseNotFoundError,
    LeaseTTLError,
    NoSpaceError,
    QuotaError,
    RequestError,
    StoreError,
)
from pykube_core.store.etcd.convert import EmptyOperationError

_NO_SPACE = "etcdserver: mvcc: database space exceeded"

_CODES: tuple[tuple[type[Exception], grpc.StatusCode], ...] = (
    (CompactedError, grpc.StatusCode.OUT_OF_RANGE),
    (FutureRevisionError, grpc.StatusCode.OUT_OF_RANGE),
    (LeaseTTLError, grpc.StatusCode.OUT_OF_RANGE),
    (LeaseNotFoundError, grpc.StatusCode.NOT_FOUND),
    (LeaseExistsError, grpc.StatusCode.FAILED_PRECONDITION),
    (QuotaError, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (NoSpaceError, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (RequestError, grpc.StatusCode.INVALID_ARGUMENT),
    (FailedError, grpc.StatusCode.UNAVAILABLE),
)


def code_and_text(error: Exception) -> tuple[grpc.StatusCode, str]:
    """Return what etcd would answer."""
    if isinstance(error, EmptyOperationError):
        return grpc.StatusCode.INVALID_ARGUMENT, str(error)
    if isinstance(error, QuotaError | NoSpaceError):
        return grpc.StatusCode.RESOURCE_EXHAUSTED, _NO_SPACE
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code, f"etcdserver: {error}"
    if isinstance(error, StoreError):
        return grpc.StatusCode.UNAVAILABLE, f"etcdserver: {error}"
    return grpc.StatusCode.INTERNAL, f"etcdserver: {type(error).__name__}: {error}"
