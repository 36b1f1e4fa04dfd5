"""Snapshots as people have them: dumps, backups, folders, streams, several files."""

import bz2
import gzip
import io
import json
import lzma
import os
import tarfile

import pytest
import yaml

from pykube_core.api.machinery.errors import InputError
from pykube_core.workloads.read import _packed, read_workload


def node(name="n1", **status):
    """Return a node as its file has it."""
    allocatable = {"cpu": "4", "memory": "8Gi", "pods": "110"}
    status = {"allocatable": allocatable, **status}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": status}


def pod(name="web-1", *, metadata=None, **spec):
    """Return a pod that a server has stored."""
    metadata = {"name": name, "namespace": "shop", "uid": f"uid-{name}", **(metadata or {})}
    spec = {"containers": [{"name": "main", "image": "web:1"}], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def listed(*items):
    return {"apiVersion": "v1", "kind": "List", "items": list(items)}


def encoded(obj, indent=4):
    return json.dumps(obj, indent=indent).encode() + b"\n"


def bare(obj):
    """Return an item as typed lists hold it."""
    return {key: value for key, value in obj.items() if key not in ("kind", "apiVersion")}


def names(workload):
    return [n["metadata"]["name"] for n in workload.nodes], list(workload.pods.names)


BOTH = (["n1"], ["shop/web-1", "shop/web-2"])
NODE, PODS = node(), [pod(nodeName="n1"), pod("web-2")]


@pytest.fixture
def write(tmp_path):
    def write(name, data):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write


@pytest.mark.parametrize(
    "text",
    [
        encoded(listed(NODE)) + encoded(listed(*PODS)),
        encoded(listed(NODE), None) + encoded(listed(*PODS), None).rstrip(),
        b"".join(encoded(obj, None) for obj in (NODE, *PODS)),
        encoded(listed(NODE)) + b"---\n" + yaml.safe_dump(listed(*PODS)).encode(),
        yaml.safe_dump_all([NODE, *PODS]).encode(),
        yaml.safe_dump_all([NODE, *PODS], explicit_start=True).encode().replace(b"\n", b"\r\n"),
        "\ufeff".encode() + encoded(listed(NODE, *PODS)),
        json.dumps(listed(NODE, *PODS)).encode("utf-16"),
        b"---\n".join(encoded(obj) for obj in (NODE, *PODS)),
    ],
    ids=["lists", "lists on lines", "ndjson", "json and yaml", "yaml", "crlf", "bom", "utf-16",
         "json between markers"],
)  # fmt: skip
def test_streams_of_documents_are_one_snapshot(write, text):
    assert names(read_workload(write("all", text))) == BOTH


def dump_stream():
    """Return what `kubectl cluster-info dump` prints of one namespace."""
    log = b'{"kind": "Node"}\n==== END logs for container other of pod shop/x ====\nno line end'
    pieces = [encoded({"kind": "NodeList", "apiVersion": "v1", "items": [bare(NODE)]})]
    for kind in ("Event", "ReplicationController", "Service", "DaemonSet", "Deployment"):
        version = "apps/v1" if kind.startswith("D") else "v1"
        pieces.append(encoded({"kind": f"{kind}List", "apiVersion": version, "items": []}))
    pieces.append(
        encoded({"kind": "PodList", "apiVersion": "v1", "items": [bare(p) for p in PODS]})
    )
    for name in ("web-1", "web-2"):
        which = f"logs for container main of pod shop/{name} ====\n".encode()
        pieces += [b"==== START ", which, log, b"==== END ", which]
    return b"".join(pieces)


def test_a_cluster_info_dump_is_read_from_its_stream(write):
    assert names(read_workload(write("dump.txt", dump_stream()))) == BOTH
    cut_off = dump_stream()[:-30]
    assert names(read_workload(write("cut.txt", cut_off))) == BOTH


def test_lines_behind_logs_keep_their_numbers(write):
    text = dump_stream() + b'{"kind": "PodList",\n "items": [}\n'
    with pytest.raises(InputError, match=rf"line {text.count(bytes([10]))}: not valid JSON at"):
        read_workload(write("dump.txt", text))


def test_a_cluster_info_dump_is_read_from_its_folder(write, tmp_path):
    write("d/nodes.json", encoded({"kind": "NodeList", "apiVersion": "v1", "items": [bare(NODE)]}))
    pods = {"kind": "PodList", "apiVersion": "v1", "items": [bare(p) for p in PODS]}
    write("d/shop/pods.json", encoded(pods))
    write("d/shop/events.json", encoded({"kind": "EventList", "apiVersion": "v1", "items": []}))
    write("d/shop/web-1/logs.txt", "==== START logs for container main of pod shop/web-1 ====\n")
    assert names(read_workload(tmp_path / "d")) == BOTH


def velero():
    """Return the files of a velero backup, of format 1.1.0."""
    files = {"metadata/version": b"1.1.0", "resources/nodes/cluster/n1.json": encoded(NODE, None)}
    for one in PODS:
        name = one["metadata"]["name"]
        for place in ("namespaces", "v1-preferredversion/namespaces"):
            files[f"resources/pods/{place}/shop/{name}.json"] = encoded(one, None)
    services = "resources/services/v1-preferredversion/namespaces/shop"
    files[f"{services}/other.json"] = b"{not read: as it is no preferred place}"
    return files


def packed(files, mode="w:gz"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


def test_a_velero_backup_is_read_from_folder_tar_and_bucket(write, tmp_path):
    for name, data in velero().items():
        write(f"folder/{name}", data)
    assert names(read_workload(tmp_path / "folder")) == BOTH
    for mode in ("w:gz", "w"):
        assert names(read_workload(write("backup", packed(velero(), mode)))) == BOTH
    write("bucket/b1/velero-backup.json", encoded({"kind": "Backup", "apiVersion": "velero.io/v1"}))
    write("bucket/b1/b1-resource-list.json.gz", gzip.compress(b'{"v1/Pod": []}'))
    write("bucket/b1/b1.tar.gz", packed(velero()))
    assert names(read_workload(tmp_path / "bucket/b1")) == BOTH


def test_a_folder_of_manifests_is_read_in_any_depth(write, tmp_path):
    write("m/a/node.yaml", yaml.safe_dump(NODE))
    write("m/b/c/pods.yml", yaml.safe_dump_all(PODS))
    write("m/empty.json", " \n")
    write("m/.git/x.yaml", "not: [read")
    write("m/README.md", "words")
    assert names(read_workload(tmp_path / "m")) == BOTH
    assert names(
        read_workload(write("m.tar", packed({"./m/n.json": encoded(listed(NODE, *PODS))})))
    )


def test_an_export_of_kwokctl_is_read(write):
    patch = {"apiVersion": "action.kwok.x-k8s.io/v1alpha1", "kind": "ResourcePatch", "target": {}}
    text = yaml.safe_dump_all([NODE, *PODS, patch], explicit_start=True)
    assert names(read_workload(write("cluster.yaml", text))) == BOTH


def test_several_inputs_are_one_snapshot_and_the_same_object_counts_once(write):
    first = write("a.json", encoded(listed(NODE, PODS[0])))
    later = pod(nodeName="n1", metadata={"resourceVersion": "9"})
    second = write("b.yaml", yaml.safe_dump(listed(NODE, later, PODS[1])))
    workload = read_workload(first, second, first)
    assert names(workload) == BOTH
    assert workload.source == f"{first} + {second}"
    hand = [pod("h", metadata={"uid": ""}, nodeName="n1")]
    again = read_workload(write("c.json", encoded(listed(NODE, *hand, *hand))))
    assert names(again) == (["n1"], ["shop/h"])


@pytest.mark.parametrize(
    ("first", "second", "label"),
    [
        (PODS[0], pod(metadata={"uid": "another"}), "Pod shop/web-1"),
        (pod(metadata={"uid": ""}), pod(), "Pod shop/web-1"),
        (NODE, node(allocatable={"cpu": "9"}), "Node n1"),
    ],
)
def test_two_objects_of_one_name_are_refused_with_both_files(write, first, second, label):
    one, two = write("a.json", encoded(listed(first))), write("b.json", encoded(listed(second)))
    with pytest.raises(InputError) as error:
        read_workload(one, two)
    reason = f'metadata.name: Duplicate value: "{label.rpartition("/")[2].rpartition(" ")[2]}"'
    where = f"another object of this name is in {one}"
    assert str(error.value) == f"{two}: {label}: {reason}: {where}"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (gzip.compress(encoded(NODE))[:-9], "the gzip data ends too early"),
        (packed(velero(), "w")[:1600], "bad tar, or one that ends too early"),
        (packed({"a.txt": b"x"}), "no file in this tar is JSON or YAML"),
        (b"\x28\xb5\x2f\xfd\x00", "zstd"),
        (b"\x89PNG\r\n\x1a\n\0\0", "bad YAML: "),
        (encoded(listed(NODE, *PODS))[:-40], "the JSON text ends too early"),
        (b"%PDF-1.7\n", "bad YAML: "),
        (b'{"kind": "List", "items": [\n{"kind": "Pod"},\n\xff]}', "line 3: not UTF-8 text"),
    ],
)
def test_what_is_damaged_is_told_in_one_line(write, data, reason):
    path = write("x", data)
    with pytest.raises(InputError) as error:
        read_workload(path)
    assert str(error.value).startswith(f"{path}: ")
    assert reason in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_inside_a_tar_or_a_folder_is_named(write, tmp_path):
    path = write("b.tar.gz", packed({"pods.json": b'{"kind": "Pod", "metadata": {}}'}))
    with pytest.raises(InputError, match=r"b\.tar\.gz:pods\.json: .*metadata\.name: Required"):
        read_workload(path)
    write("f/pods.json", b'{"kind":')
    with pytest.raises(InputError, match=r"f/pods\.json: line 1: the JSON text ends too early"):
        read_workload(tmp_path / "f")
    (tmp_path / "g").mkdir()
    with pytest.raises(InputError, match="g: no file in this folder is JSON, YAML or a backup"):
        read_workload(tmp_path / "g")


def test_what_unpacks_to_too_much_is_refused(write, monkeypatch):
    monkeypatch.setattr(_packed, "UNPACKED_BYTES_MAX", 1000)
    with pytest.raises(InputError, match="unpacks to more than 1000 B"):
        read_workload(write("bomb.gz", gzip.compress(b" " * 2000)))


def test_zstd_is_read_where_python_has_it(write):
    zstd = _packed._zstd_module()
    if zstd is None:
        pytest.skip("no zstd in this Python")
    whole = encoded(listed(NODE, *PODS))
    data = zstd.compress(whole[:99]) + zstd.compress(whole[99:])
    assert names(read_workload(write("x.zst", data))) == BOTH
    with pytest.raises(InputError, match="the zstd data end too early"):
        read_workload(write("x.zst", data[:-9]))


@pytest.mark.parametrize(
    ("name", "pack", "command"),
    [
        ("xz", lzma.compress, "xz -d"),
        ("bzip2", bz2.compress, "bzip2 -d"),
        ("zip", lambda data: b"PK\x03\x04" + data, "unzip"),
    ],
)
def test_what_is_packed_otherwise_is_refused_with_the_command_that_unpacks_it(
    write, name, pack, command
):
    path = write("cluster.json.packed", pack(encoded(listed(NODE, *PODS))))
    with pytest.raises(InputError) as caught:
        read_workload(path)
    assert str(caught.value) == (
        f"{path}: is packed with {name}, which is not read: unpack it ({command})"
    )


def test_a_folder_that_may_not_be_read_is_named(write, tmp_path):
    path = write("f/pods.json", encoded(PODS[0]))
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(InputError, match=r"pods\.json: Permission denied"):
        read_workload(tmp_path / "f")
