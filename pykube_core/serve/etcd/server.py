"""The gRPC server: etcd's services on a port."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import grpc
import grpc.aio

from pykube_core.serve.etcd.faults import code_and_text
from pykube_core.serve.etcd.kv import Answers
from pykube_core.serve.etcd.watch import WatchStream
from pykube_core.store import REQUEST_BYTES_MAX, Store
from pykube_core.store.etcd import wire
from pykube_core.store.etcd.wire import Message

# etcd's --max-request-bytes, which is the store's own, and 512 KiB that gRPC may add to it.
_RECEIVE_BYTES_MAX = REQUEST_BYTES_MAX + 512 * 1024
_RAW_RECEIVE_BYTES_MAX = 64 << 20
_WRITER_THREADS = 32
_EXPIRE_SECONDS = 0.25
_OPTIONS = [
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", _RAW_RECEIVE_BYTES_MAX),
    # Clients ping as often as they like, also without calls under way.
    ("grpc.http2.min_ping_interval_without_data_ms", 0),
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.so_reuseport", 0),
]

if TYPE_CHECKING:
    Context: TypeAlias = grpc.aio.ServicerContext[Message, Message]


async def _fail(context: Context, error: Exception) -> None:
    code, text = code_and_text(error)
    await context.abort(code, text)


class EtcdServer:
    """etcd's services in front of a store.

    Parameters
    ----------
    store : Store
        It stays the caller's: `stop` does not close it.
    listen : str
        ``host:port``; port 0 takes a free one.
    progress_seconds : float
        How often quiet watches that asked for it hear how far they are.
    """

    def __init__(
        self, store: Store, listen: str = "127.0.0.1:2379", *, progress_seconds: float = 600
    ) -> None:
        self._store = store
        self._listen = listen
        self._progress_seconds = progress_seconds
        self._writers = ThreadPoolExecutor(_WRITER_THREADS, thread_name_prefix="pykube-etcd")
        self._server: grpc.aio.Server | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._streams: set[WatchStream] = set()
        self.answers = Answers(store)
        self.port = 0

    async def start(self) -> None:
        """Listen, and end leases that are due from here on."""
        self._server = grpc.aio.server(options=_OPTIONS)
        self._server.add_generic_rpc_handlers(tuple(map(self._service, wire.SERVICES)))
        self.port = self._server.add_insecure_port(self._listen)
        host = self._listen.rpartition(":")[0]
        self.answers = Answers(self._store, client_url=f"http://{host}:{self.port}")
        await self._server.start()
        self._tasks = [
            asyncio.create_task(self._expire_leases()),
            asyncio.create_task(self._tell_progress()),
        ]

    async def stop(self, grace_seconds: float = 0.5) -> None:
        """End all streams and stop listening."""
        for task in self._tasks:
            task.cancel()
        for stream in list(self._streams):
            stream.end()
        if self._server is not None:
            await self._server.stop(grace_seconds)
        self._writers.shutdown()

    def _service(self, name: str) -> grpc.GenericRpcHandler:
        handlers = {}
        for method, (request, _, _, server_streams) in wire.SERVICES[name].items():
            serializer = _serialize
            if method == "Watch":
                handlers[method] = grpc.stream_stream_rpc_method_handler(
                    self._watch, wire.MESSAGES[request].FromString, serializer
                )
            elif method == "LeaseKeepAlive":
                handlers[method] = grpc.stream_stream_rpc_method_handler(
                    self._keep_alive, wire.MESSAGES[request].FromString, serializer
                )
            elif server_streams:
                handlers[method] = grpc.unary_stream_rpc_method_handler(
                    self._snapshot, wire.MESSAGES[request].FromString, serializer
                )
            else:
                handlers[method] = grpc.unary_unary_rpc_method_handler(
                    self._unary(method, wire.MESSAGES[request]), None, serializer
                )
        return grpc.method_handlers_generic_handler(f"etcdserverpb.{name}", handlers)

    def _unary(
        self, method: str, request_class: Message
    ) -> Callable[[bytes, Context], Awaitable[Message]]:
        async def handle(raw: bytes, context: Context) -> Message:
            if len(raw) > _RECEIVE_BYTES_MAX:
                await context.abort(
                    grpc.StatusCode.RESOURCE_EXHAUSTED,
                    f"grpc: received message larger than max ({len(raw)} vs. {_RECEIVE_BYTES_MAX})",
                )
            answer = getattr(self.answers, method)
            try:
                request = request_class.FromString(raw)
                if method in Answers.FAST or not self._store.status().durable:
                    return answer(request)
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(self._writers, answer, request)
            except Exception as error:
                await _fail(context, error)

        return handle

    async def _keep_alive(
        self, requests: AsyncIterator[Message], context: Context
    ) -> AsyncIterator[Message]:
        async for request in requests:
            try:
                response = self.answers.keep_alive(request)
            except Exception as error:
                await _fail(context, error)
            yield response

    async def _snapshot(self, request: Message, context: Context) -> AsyncIterator[Message]:
        loop = asyncio.get_running_loop()
        try:
            chunks = await loop.run_in_executor(
                self._writers, lambda: list(self.answers.snapshot())
            )
        except Exception as error:
            await _fail(context, error)
        for chunk in chunks:
            yield chunk

    async def _watch(
        self, requests: AsyncIterator[Message], context: Context
    ) -> AsyncIterator[Message]:
        stream = WatchStream(self._store, self.answers.header)
        self._streams.add(stream)

        async def listen() -> None:
            try:
                async for request in requests:
                    stream.handle(request)
            finally:
                stream.end()

        listener = asyncio.create_task(listen())
        try:
            async for response in stream.responses():
                yield response
        except Exception as error:
            await _fail(context, error)
        finally:
            listener.cancel()
            self._streams.discard(stream)
            stream.close()

    async def _expire_leases(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_EXPIRE_SECONDS)
            with contextlib.suppress(Exception):  # the disk is full or failed: writers hear of it
                await loop.run_in_executor(self._writers, self._store.expire_leases)

    async def _tell_progress(self) -> None:
        while True:
            await asyncio.sleep(self._progress_seconds)
            for stream in list(self._streams):
                stream.periodic_progress()


def _serialize(message: Message) -> bytes:
    raw: bytes = message.SerializeToString()
    return raw


async def _serve(store: Store, listen: str, ready: Callable[[int], None]) -> None:
    server = EtcdServer(store, listen)
    await server.start()
    try:
        ready(server.port)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        await stop.wait()
    finally:
        await server.stop()


def serve(listen: str, data_dir: Path | None, *, sync: str = "always", quota_bytes: int = 0) -> int:
    """Serve until SIGINT or SIGTERM; return the exit code.

    Prints the address when it is ready. ``data_dir`` None keeps everything in memory.
    """
    with Store(data_dir, sync=sync, quota_bytes=quota_bytes) as store:
        host = listen.rpartition(":")[0]
        where = data_dir or "memory"

        def ready(port: int) -> None:
            print(f"etcd v3 on {host}:{port}, data in {where}", flush=True)

        asyncio.run(_serve(store, listen, ready))
    return 0
