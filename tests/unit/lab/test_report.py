import json
import re
import struct
import zlib
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

from pykube_core.lab.compare import compare
from pykube_core.lab.report import axis, heatmap, html_page, svg_picture, write_report
from pykube_core.lab.synthetic import synthetic


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
