"""Statuses that are forms, against the same ones encoded."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pykube_core.api.core import PODS
from pykube_core.apiserver import ApiServer
from pykube_core.apiserver.registry.filling import ENCODED_STATUS, FilledStatus
from pykube_core.objects.encoded import OBJECT_BYTES_MAX
from pykube_core.objects.layout import STATUS_FIELD
from pykube_core.store import Store


def pod(name):
    return {"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}


STATUSES = [b"{}", b'{"phase":"Running"}', b'{"phase":"Pending"}', b'{"a":"%b"}' % (b"x" * 200_000)]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.sampled_from(STATUSES), st.booleans(), st.booleans()),
        max_size=20,
    )
)
def test_filled_statuses_are_written_as_encoded_ones(items):
    """Some are the same, of one object, stale, or together too large for one transaction."""
    told, histories = [], []
    for is_filled in (False, True):
        with Store(salt=1) as store:
            server = ApiServer(store, clock=lambda: 1_795_407_362 * 10**9, seed=7)
            server.bootstrap()
            made = [server.create(PODS, pod(f"p{i}"), "default") for i in range(10)]
            for obj in made[:3]:
                server.patch(PODS, {"metadata": {"labels": {"a": "b"}}}, obj.name, "default")
            asked = []
            for index, status, is_known, is_split in items:
                obj = made[index]
                if is_known:
                    obj = server.get(PODS, obj.name, "default").at(obj.revision)
                filled = FilledStatus(ENCODED_STATUS, [status])
                if is_split:
                    form = status[:1] + b"%c" % (STATUS_FIELD + 1) + status[-1:]
                    filled = FilledStatus(form, [b"unused", status[1:-1]])
                asked.append((obj, filled if is_filled else status))
            outcomes = server.batch.patch_status(PODS, asked)
            told.append([getattr(o, "code", getattr(o, "revision", o)) for o in outcomes])
            histories.append(store.hash())
    assert told[0] == told[1]
    assert histories[0] == histories[1]


def test_a_filled_status_that_is_too_large_is_refused_alone(server):
    made = [server.create(PODS, pod(f"p{i}"), "default") for i in range(2)]
    texts = [b'{"phase":"Running"}', b'{"a":"%b"}' % (b"x" * OBJECT_BYTES_MAX)]
    filled = [FilledStatus(ENCODED_STATUS, [text]) for text in texts]
    written, refusal = server.batch.patch_status(PODS, list(zip(made, filled, strict=True)))
    assert (written, refusal.code) == (server.get(PODS, "p0", "default").revision, 500)
