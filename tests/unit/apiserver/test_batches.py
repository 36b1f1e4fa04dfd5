from pykube_core.api.core import CONFIG_MAPS, NAMESPACES, PODS
from pykube_core.objects.encoded import OBJECT_BYTES_MAX
from tests.unit.apiserver.manifests import is_error, pod, refused


def test_copies_are_what_single_creations_give(server):
    one = server.create(PODS, pod("one"), "default").decode()
    copies = server.batch.create(PODS, pod("ignored"), "default", names=["two", "one", "BAD"])
    assert [is_error(copy) and copy.code for copy in copies] == [False, 409, 422]
    two = copies[0].decode()
    assert two == server.get(PODS, "two", "default").decode()
    assert one["metadata"]["uid"] != two["metadata"]["uid"]
    for obj in (one, two):
        for field in ("name", "uid", "resourceVersion"):
            obj["metadata"].pop(field)
    assert one == two


def test_copies_with_generated_names_are_distinct(server):
    template = {"metadata": {"generateName": "web-"}} | {"spec": pod()["spec"]}
    copies = server.batch.create(PODS, template, "default", count=300)
    assert len({copy.name for copy in copies}) == 300
    assert len({copy.decode()["metadata"]["uid"] for copy in copies}) == 300
    assert len(server.list(PODS).items) == 300
    refused(422, server.batch.create, PODS, pod(), "default", count=2)


def test_copies_of_what_depends_on_its_name_are_made_one_by_one(server):
    made = server.batch.create(NAMESPACES, {"metadata": {}}, names=["a1", "b2"])
    labels = [obj.decode()["metadata"]["labels"] for obj in made]
    assert labels == [{"kubernetes.io/metadata.name": name} for name in ("a1", "b2")]


def test_statuses_are_replaced_in_bulk_where_nothing_came_between(server):
    objs = server.batch.create(PODS, pod(), "default", names=["a", "b", "c"])
    server.patch(PODS, {"metadata": {"labels": {"x": "y"}}}, "b", "default")
    status = b'{"phase":"Running"}'
    outcomes = server.batch.patch_status(PODS, [(obj, status) for obj in objs])
    assert [is_error(outcome) for outcome in outcomes] == [False, True, False]
    assert outcomes[0] == server.get(PODS, "a", "default")
    assert outcomes[0].decode()["status"] == {"phase": "Running"}
    before = server.revision
    again = server.batch.patch_status(PODS, [(outcomes[0], status)])
    assert again == [outcomes[0]]
    assert server.revision == before


def test_encoded_objects_are_written_at_their_revision_alone(server):
    first = server.create(CONFIG_MAPS, {"metadata": {"name": "a"}}, "default")
    (done,) = server.batch.put([first])
    assert done.revision == first.revision + 1
    stale, taken = server.batch.put([first]) + server.batch.put([first.at(0)])
    assert (stale.reason, taken.reason) == ("Conflict", "AlreadyExists")


def test_a_name_given_twice_is_taken_the_second_time(server):
    outcomes = server.batch.create(PODS, pod(), "default", names=["a", "b", "a"])
    assert [is_error(o) and o.code for o in outcomes] == [False, False, 409]
    statuses = [(outcomes[0], b'{"phase":"Running"}'), (outcomes[0], b'{"phase":"Failed"}')]
    assert [is_error(o) for o in server.batch.patch_status(PODS, statuses)] == [False, True]
    huge = b'{"message":"%b"}' % (b"x" * OBJECT_BYTES_MAX)
    (outcome,) = server.batch.patch_status(PODS, [(outcomes[1], huge)])
    assert outcome.code == 500


def test_a_batch_larger_than_a_request_is_split(server):
    big = {"metadata": {"generateName": "big-"}, "data": {"a": "x" * 100_000}}
    copies = server.batch.create(CONFIG_MAPS, big, "default", count=40)
    assert all(copy.revision for copy in copies)
    assert len(server.list(CONFIG_MAPS).items) == 40
