"""Large lists are read block by block, as they would be read whole."""

import io
import json
from unittest import mock

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pykube_core.api.machinery.errors import InputError
from pykube_core.workloads.read import _blocks, _source, read_workload
from pykube_core.workloads.read._blocks import NotSplit, read_blocks

NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "n1", "uid": "u"},
    "status": {"allocatable": {"cpu": "4", "pods": "110"}},
}


def pod(number, **metadata):
    metadata = {"name": f"p{number}", "namespace": "shop", "uid": f"u{number}"} | metadata
    containers = [{"name": "c", "image": f"web:{number % 3}"}]
    spec = {"containers": containers, "nodeName": "n1" if number % 2 else ""}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def listed(items):
    return {"apiVersion": "v1", "items": items, "kind": "List", "metadata": {}}


def text_of(document, style):
    """Return a list as kubectl writes it, in one of its ways."""
    match style:
        case "compact":
            return json.dumps(document, separators=(",", ":")).encode()
        case "indented":
            return json.dumps(document, indent=4).encode()
        case "raw":
            kind = {"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}}
            return json.dumps(kind | {"items": document["items"]}).encode()
        case "yaml":
            return yaml.safe_dump(document, width=9999).encode()
    return yaml.safe_dump(document, indent=4, sort_keys=False, width=40).encode()


STYLES = ["compact", "indented", "raw", "yaml", "yaml of four"]


def outcome(path):
    try:
        workload = read_workload(path)
    except InputError as error:
        return str(error)
    pods = workload.pods
    columns = (pods.template, pods.created_ns, pods.deleted_ns, pods.node, pods.pinned)
    return (
        workload.nodes,
        workload.objects,
        list(pods.names),
        list(pods.templates),
        [column.tolist() for column in columns],
    )


def both(path, block_bytes):
    """Return what comes of a file read whole, and block by block."""
    with mock.patch.object(_source, "FILE_BYTES_MIN", 1 << 40):
        whole = outcome(path)
    with (
        mock.patch.object(_source, "FILE_BYTES_MIN", 1),
        mock.patch.object(_blocks, "_BLOCK_BYTES", block_bytes),
    ):
        return whole, outcome(path)


TEXTS = st.sampled_from(
    ["", "x", '}, {"apiVersion": "v1"', "- apiVersion: v1\n- a", "\n- a: b", "}\n"]
)
ITEMS = st.lists(
    st.one_of(
        st.just(NODE),
        st.builds(
            lambda number, note: pod(number, annotations={"note": note}),
            st.integers(0, 30),
            TEXTS,
        ),
        st.builds(lambda text: {"apiVersion": "v1", "kind": "Event", "message": text}, TEXTS),
        st.just({"apiVersion": "v1", "kind": "List", "items": [pod(99), pod(98)]}),
        st.just({"kind": "Pod", "metadata": {"name": "hand"}, "spec": {"containers": []}}),
        st.just(7),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=250, deadline=None)
@given(
    ITEMS, st.sampled_from(STYLES), st.sampled_from([64, 700, 4096]), st.integers(0, 3), st.data()
)
def test_blocks_give_what_the_whole_gives(tmp_path_factory, items, style, block_bytes, cut, data):
    text = text_of(listed([NODE, *items]), style)
    if cut == 1:
        text = text[: data.draw(st.integers(0, len(text)))]
    elif cut == 2:
        at = data.draw(st.integers(0, len(text)))
        text = (
            text[:at]
            + data.draw(st.sampled_from([b"}", b"{", b",", b"\n- ", b"\xff", b"'"]))
            + text[at:]
        )
    elif cut == 3:
        text += b"\n---\n" + text_of(listed([pod(50)]), style)
    path = tmp_path_factory.mktemp("read") / "list"
    path.write_bytes(text)
    whole, blocks = both(path, block_bytes)
    assert blocks == whole


@pytest.mark.parametrize("style", STYLES)
def test_lists_as_kubectl_writes_them_are_read_in_blocks(style):
    items = [NODE, *(pod(number) for number in range(200))]
    with mock.patch.object(_blocks, "_BLOCK_BYTES", 4096):
        file = io.BytesIO(text_of(listed(items), style))
        blocks = [[json.loads(bytes(item)) for item in found] for found, _ in read_blocks(file)]
    assert len(blocks) > 3
    assert [item for block in blocks for item in block] == items


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b"kind: Pod\n",
        b'{"items": [1, 2]}',
        b'{"kind": "List", "items": []}',
        b"- a\n- b\n",
    ],
)
def test_what_is_no_list_is_left_to_others(text):
    with pytest.raises(NotSplit):
        list(read_blocks(io.BytesIO(text)))


def test_an_item_that_is_larger_than_a_block_is_read(tmp_path):
    items = [NODE, pod(1, annotations={"note": "x" * 50_000}), pod(2)]
    for style in STYLES:
        path = tmp_path / style
        path.write_bytes(text_of(listed(items), style))
        whole, blocks = both(path, 1024)
        assert blocks == whole


def test_one_rare_item_does_not_make_a_list_rare():
    text = text_of(listed([NODE, pod(1), pod(2)]), "yaml").replace(b"p1", b"!!str p1")
    blocks = [item for found, _ in read_blocks(io.BytesIO(text)) for item in found]
    assert [json.loads(bytes(item)) for item in blocks] == [NODE, pod(1), pod(2)]
