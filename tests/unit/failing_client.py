"""A client of the API whose component dies at one of its writes."""

WRITES = (
    "bind",
    "create",
    "delete",
    "patch",
    "patch_status",
    "put",
    "put_owned",
    "update",
)


class Crash(Exception):
    """The component dies."""


class FailingClient:
    """Passes everything on, but dies before or after one of the writes.

    ``batch`` is the same for batches, and its writes count with the others.
    """

    def __init__(self, server, fatal=-1, after=False):
        self._fatal = fatal
        self._after = after
        self.write_count = 0
        self._target = server
        self.batch = _FailingBatch(self, server.batch)

    def __getattr__(self, name):
        method = getattr(self._target, name)
        return self.dying(method) if name in WRITES else method

    def dying(self, method):
        def call(*args, **options):
            self.write_count += 1
            dies = self.write_count == self._fatal
            if dies and not self._after:
                raise Crash
            try:
                return method(*args, **options)
            finally:
                if dies:
                    raise Crash

        return call


class _FailingBatch:
    def __init__(self, client, batch):
        self._client = client
        self._target = batch

    def __getattr__(self, name):
        method = getattr(self._target, name)
        return self._client.dying(method) if name in WRITES else method
