import itertools

from pykube_core import Cluster
from pykube_core.store import Store


class Died(Exception):
    """The process ended behind a write."""


class DyingStore:
    """Passes everything on, and dies behind one of the writes."""

    def __init__(self, store, fatal):
        self._store = store
        self._left = fatal

    def __getattr__(self, name):
        method = getattr(self._store, name)
        if name not in ("put", "put_many", "put_if", "delete_if", "txn", "delete"):
            return method

        def write(*args, **options):
            done = method(*args, **options)
            self._left -= 1
            if not self._left:
                raise Died
            return done

        return write

    @property
    def revision(self):
        return self._store.revision


def names(cluster):
    """Return what there is of each kind, without the random part of a name."""
    return {
        resource.kind: sorted(
            obj["metadata"].get("generateName") or obj["metadata"]["name"]
            for obj in cluster.list(resource.qualified)
        )
        for resource in cluster.server.registry
        if resource.kind != "Event"
    }


def make(store):
    return Cluster(["host1", "host2"], master="ken", store=store)


def test_a_bootstrap_that_dies_behind_any_write_is_done_again():
    with make(None) as cluster:
        cluster.run()
        expected = names(cluster)
    for fatal in itertools.count(1):
        store = Store()
        try:
            make(DyingStore(store, fatal))
        except Died:
            with make(store) as cluster:
                cluster.run()
                assert names(cluster) == expected, f"died behind write {fatal}"
        else:
            break
        finally:
            store.close()
    assert fatal > 10
