"""Calls of etcd's methods over a gRPC channel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc

from pykube_core.store.etcd import wire
from pykube_core.store.etcd.wire import Message

Caller = Callable[..., Any]


def _serialize(message: Message) -> bytes:
    raw: bytes = message.SerializeToString()
    return raw


def connect(channel: grpc.Channel) -> Caller:
    """Return ``call(service, method, request, **options)`` over a channel.

    A request is a message, or an iterator of them where the client streams; so is what comes back
    where the server streams. Options are gRPC's own (``timeout``, ``metadata``).
    """
    methods: dict[tuple[str, str], Caller] = {}
    for service, table in wire.SERVICES.items():
        for method, (_, response, client_streams, server_streams) in table.items():
            kind = f"{_number(client_streams)}_{_number(server_streams)}"
            methods[service, method] = getattr(channel, kind)(
                f"/etcdserverpb.{service}/{method}",
                request_serializer=_serialize,
                response_deserializer=wire.MESSAGES[response].FromString,
            )

    def call(service: str, method: str, request: object, **options: object) -> Any:  # noqa: ANN401
        return methods[service, method](request, **options)

    return call


def _number(streams: bool) -> str:
    return "stream" if streams else "unary"
