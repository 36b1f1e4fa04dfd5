import dataclasses
import json
import re
import struct
import zlib
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

from pykube_core.api.machinery.errors import InputError
from pykube_core.cli import main
from pykube_core.reports import axis, heatmap, html_page, svg_picture, write_picture, write_report
from pykube_core.reports.comparison import compare
from pykube_core.workloads.read import read_workload
from pykube_core.workloads.synthetic import synthetic


@pytest.fixture(scope="module", params=[False, True], ids=["arrivals", "replay"])
def result(request):
    work = synthetic(nodes=40, pods=300, seed=1)
    return compare(work, ["default", "best-fit", "random"], seeds=2, replay=request.param)


class Tags(HTMLParser):
    """Collects tags and attributes, and whether they nest."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def parsed(page):
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    return tags.seen


def test_page_asks_for_nothing_from_outside(result):
    page = html_page(result)
    for tag, attributes in parsed(page):
        assert tag != "link"
        for name in ("src", "href", "action", "data"):
            assert attributes.get(name, "data:").startswith("data:"), (tag, attributes)
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest", page)


def test_page_has_a_table_a_chart_per_curve_and_a_map_per_policy_and_resource(result):
    tags = parsed(html_page(result))
    resources = len(result.resources)
    assert sum(tag == "svg" and "chart" in a.get("class", "") for tag, a in tags) == (
        2 * resources + 1
    )
    assert sum(tag == "img" for tag, a in tags) == 3 * resources
    assert all(a["alt"] for tag, a in tags if tag == "img")


def test_page_says_what_is_needed_to_run_it_again(result):
    page = html_page(result)
    for text in ("synthetic(nodes=40, pods=300, seed=1)", "0, 1", "random", "pykube-core"):
        assert text in page


def test_same_comparison_same_bytes(result, tmp_path):
    write_report(result, tmp_path / "a.html")
    write_report(result, tmp_path / "b.html")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_data_of_the_script_is_json(result):
    text = re.search(r'id="data">(.*?)</script>', html_page(result), re.DOTALL).group(1)
    data = json.loads(text)
    assert len(data["nodes"]) == 40
    assert all(len(c["x"]) == len(c["at"]) for c in data["charts"])


def test_picture_is_well_formed_svg(result):
    root = ElementTree.fromstring(svg_picture(result))
    assert root.tag.endswith("svg")
    assert len(root.findall(".//{*}image")) == 3


def decode(png):
    """Return width, height and rows of an indexed PNG without filters."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(png):
        size, kind = struct.unpack(">I4s", png[at : at + 8])
        body = png[at + 8 : at + 8 + size]
        (check,) = struct.unpack(">I", png[at + 8 + size : at + 12 + size])
        assert check == zlib.crc32(kind + body)
        chunks[kind] = body
        at += 12 + size
    width, height = struct.unpack(">II", chunks[b"IHDR"][:8])
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), dtype=np.uint8)
    assert len(chunks[b"PLTE"]) == 3 * len(chunks[b"tRNS"]) == 3 * (heatmap.NONE + 1)
    return rows.reshape(height, width + 1)[:, 1:]


@pytest.mark.parametrize("nodes", [1, 7, 1000])
def test_map_has_one_pixel_a_node_and_blanks_after_the_last(nodes):
    values = heatmap.levels(np.linspace(0, 1, nodes, dtype=np.float32))
    pixels = decode(heatmap.png(values)).ravel()
    assert pixels[:nodes].tolist() == values.tolist()
    assert set(pixels[nodes:].tolist()) <= {heatmap.NONE}


def test_levels_are_whole_percent_cut_off_at_100():
    shares = np.array([0, 0.29, 0.999, 1, 1.5], dtype=np.float32)
    assert heatmap.levels(shares).tolist() == [0, 29, 99, 100, 100]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0, 8152, [0, 2000, 4000, 6000, 8000]),
        (3, 3, [3]),
        (0, 0.07, [0, 0.02, 0.04, 0.06]),
    ],
)
def test_ticks_are_round(low, high, expected):
    assert axis.ticks(low, high) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("seconds", "labels"),
    [
        (86_400, ["0 h", "5 h", "10 h", "15 h", "20 h"]),
        (90, ["0 s", "20 s", "40 s", "60 s", "80 s"]),
        (149 * 86_400, ["0 d", "50 d", "100 d"]),
    ],
)
def test_clock_ticks_use_a_fitting_unit(seconds, labels):
    found = axis.clock_ticks(10**9, (seconds + 1) * 10**9)
    assert [label for _, label in found] == labels
    assert found[0][0] == 10**9


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (500, "500"), (2500, "2.5k"), (3e6, "3M"), (1.5e9, "1.5G")]
)
def test_counts_are_short(value, text):
    assert axis.count(value) == text


def dated(time="2025-06-01T00:00:00Z", created="2025-05-01T00:00:00Z"):
    """Make a snapshot whose node was last heard of at a time."""
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a"}}
    node["status"] = {
        "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "9"},
        "conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": time}],
    }
    pod = {"apiVersion": "v1", "kind": "Pod"}
    pod["metadata"] = {"name": "p", "creationTimestamp": created}
    pod["spec"] = {
        "containers": [{"name": "c", "image": "c", "resources": {"requests": {"cpu": "1"}}}]
    }
    return {"apiVersion": "v1", "kind": "List", "items": [node, pod]}


@pytest.mark.parametrize(
    ("times", "newest"),
    [
        (("2025-06-01T00:00:00Z", "2025-05-01T00:00:00Z"), "2025-06-01T00:00:00Z"),
        (("2025-06-01T00:00:00Z", "2025-07-01T00:00:00Z"), "2025-07-01T00:00:00Z"),
        ((None, None), None),
    ],
)
def test_the_report_dates_its_input_by_the_input_alone(tmp_path, times, newest):
    path = tmp_path / "cluster.json"
    path.write_text(json.dumps(dated(*times)))
    page = html_page(compare(read_workload(path), ["default"]))
    assert ("Newest time in it" in page) == (newest is not None)
    assert f"<dd>{newest}</dd>" in page or newest is None


def test_the_report_shows_the_command_without_where_results_go(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cluster.json").write_text(json.dumps(dated()))
    words = "compare --snapshot cluster.json --policy default --policy best-fit --seeds 2".split()
    assert main([*words, "--report", "a.html", "--jobs", "2", "--output=csv"]) == 0
    assert main([*words, "--report", "b.html", "--picture", "b.svg"]) == 0
    pages = [(tmp_path / name).read_bytes() for name in ("a.html", "b.html")]
    assert pages[0] == pages[1]
    said = " ".join(["pykube", *words])
    assert f"<dt>Command</dt><dd>{said}</dd>" in pages[0].decode()


def test_nodes_are_listed_by_name_for_who_has_no_pointer(result):
    tags = parsed(html_page(result))
    (names,) = (a for tag, a in tags if tag == "details")
    assert names["id"] == "names"
    options = [a["value"] for tag, a in tags if tag == "option"]
    assert options == [str(row) for row in range(len(result.resources))]
    maps = [a for tag, a in tags if tag == "img"]
    assert {a["data-policy"] for a in maps} == set(result.policies)


def test_tables_scroll_by_finger_and_by_key(result):
    regions = [a for tag, a in parsed(html_page(result)) if a.get("class") == "scroll"]
    assert [a["tabindex"] for a in regions] == ["0", "0"]
    assert all(a["role"] == "region" and a["aria-label"] for a in regions)


def test_fragmentation_that_tells_nothing_is_not_shown():
    work = synthetic(nodes=40, pods=4, seed=1)
    lonely = {"metadata": {"namespace": "d"}, "spec": {"containers": [{"name": "c"}]}}
    lonely["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "1m"}}
    pods = dataclasses.replace(work.pods, templates=[lonely] * len(work.pods.templates))
    found = compare(work.with_pods(pods), ["default", "best-fit"])
    assert "frag" not in str(found)
    assert "fragmentation" not in html_page(found).partition("<h2 id=")[0]
    assert "fragmentation_rate.cpu" in found.to_csv()


def test_a_picture_and_a_report_of_pods_that_ask_for_nothing_are_made():
    bare = {"metadata": {"namespace": "d"}, "spec": {"containers": [{"name": "c"}]}}
    work = synthetic(nodes=4, pods=4, seed=1)
    pods = dataclasses.replace(work.pods, templates=[bare] * len(work.pods.templates))
    found = compare(work.with_pods(pods), ["default"])
    ElementTree.fromstring(svg_picture(found))
    assert parsed(html_page(found))


@pytest.mark.parametrize(
    ("write", "suffix"), [(write_report, ".html or .htm"), (write_picture, ".svg")]
)
def test_other_formats_are_refused_with_the_suffixes_that_are_had(result, tmp_path, write, suffix):
    with pytest.raises(InputError, match=f"not written as .pdf, only as {suffix}"):
        write(result, tmp_path / "x.pdf")
    assert list(tmp_path.iterdir()) == []
