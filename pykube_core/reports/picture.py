"""A comparison as one small SVG picture, for a README or a slide."""

from __future__ import annotations

import os
from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from pykube_core.files import write_file
from pykube_core.reports import chart, heatmap, table
from pykube_core.reports.suffix import check_suffix

if TYPE_CHECKING:
    from pykube_core.experiments.results import Results

PICTURE_SUFFIXES = (".svg",)
WIDTH = 1080
PADDING = 20
CHART_WIDTH = 500
MAPS_ACROSS = 3
# The page's colours, for a picture that stands alone.
LIGHT = ("#fff", "#1c2024", "#606a74", "#e2e5e8")
DARK = ("#14171a", "#e8eaec", "#9aa4ae", "#30363c")
LINES = (
    ("#1f6fc4", "none"),
    ("#d9622b", "9 4"),
    ("#17856a", "3 4"),
    ("#b0439a", "12 4 2 4"),
    ("#a8871d", "6 3"),
    ("#7a838d", "1 4"),
    ("#7a55d1", "14 5"),
    ("#c23b4b", "8 3 1 3 1 3"),
)


def svg_picture(comparison: Results) -> str:
    """Return the picture: nodes used, the scarcest resource over the run, and its node maps."""
    resource = _scarcest(comparison)
    top = 64
    height = CHART_WIDTH * chart.HEIGHT // chart.WIDTH
    parts = [
        f'<text class="title" x="{PADDING}" y="30">Scheduling policies compared</text>',
        f'<text class="soft" x="{PADDING}" y="50">{escape(table.headline(comparison))}</text>',
    ]
    for number, drawn in enumerate(_charts(comparison, resource)):
        x = PADDING + number * (WIDTH - PADDING) // 2
        parts.append(f'<text class="head" x="{x}" y="{top + 14}">{escape(drawn.title)}</text>')
        place = f'<svg x="{x}" y="{top + 20}" width="{CHART_WIDTH}" height="{height}" '
        parts.append(drawn.svg().replace("<svg ", place, 1))
    top += height + 44
    if resource is None:
        return _document(parts, top)
    word = escape(table.short(resource))
    parts.append(
        f'<text class="head" x="{PADDING}" y="{top}">{word} requested on each node: '
        "one cell is one node, pale is empty, red is full</text>"
    )
    maps, bottom = _maps(comparison, resource, top + 12)
    return _document(parts + maps, bottom)


def _charts(comparison: Results, resource: str | None) -> Iterator[chart.Chart]:
    """Yield the charts of the picture, the resource's only if it says anything."""
    replay = comparison.settings.replay
    across = "time" if replay else "pods arrived"
    shown = [(f"Nodes used, by {across}", "nodes_used", False)]
    if resource is not None and table.is_telling(comparison, f"fragmentation_rate.{resource}"):
        title = f"Free {table.short(resource)} out of reach, by {across}"
        shown.append((title, f"fragmentation_rate.{resource}", True))
    for title, column, share in shown:
        lines = {name: comparison.curves(name)[column] for name in comparison.policies}
        position = comparison.curves(next(iter(lines)))["position"]
        yield chart.Chart(title, "", position, lines, share, replay)


def write_picture(comparison: Results, path: str | os.PathLike[str]) -> None:
    """Write the picture to a file; the same comparison gives the same bytes.

    Raises
    ------
    InputError
        The name ends like that of another format.
    OSError
        When the file cannot be written.
    """
    check_suffix(path, "a picture", PICTURE_SUFFIXES)
    write_file(path, svg_picture(comparison).encode(errors="xmlcharrefreplace"))


def _scarcest(comparison: Results) -> str | None:
    """Return the resource of which the most is allocated in the end, over all policies.

    None where no pod requests anything.
    """

    def used(name: str) -> float:
        ends = [comparison.curves(p)[f"allocation.{name}"].max() for p in comparison.policies]
        return float(max(ends))

    return max(comparison.resources, key=used, default=None)


def _maps(comparison: Results, resource: str, top: int) -> tuple[list[str], int]:
    """Return the node maps below ``top``, each with its policy's line, and where they end."""
    row = comparison.resources.index(resource)
    chosen = heatmap.cells(comparison, row)
    across, down = heatmap.shape(len(chosen))
    width = (WIDTH - PADDING * (MAPS_ACROSS + 1)) / MAPS_ACROSS
    height = width * down / across
    parts = []
    for number, name in enumerate(comparison.policies):
        line, column = divmod(number, MAPS_ACROSS)
        x = PADDING + column * (width + PADDING)
        y = top + line * (height + 34)
        values = heatmap.levels(comparison.utilisation(name)[row][chosen])
        parts.append(
            f'<path class="line p{number % chart.STYLES}" d="M{x:.1f} {y + 9:.1f}h26"/>'
            f'<text x="{x + 34:.1f}" y="{y + 13:.1f}">{escape(name)}</text>'
            f'<image x="{x:.1f}" y="{y + 20:.1f}" width="{width:.1f}" height="{height:.1f}" '
            'preserveAspectRatio="none" style="image-rendering:pixelated" '
            f'href="{heatmap.data_uri(heatmap.png(values))}"/>'
        )
    lines = -(-len(comparison.policies) // MAPS_ACROSS)
    return parts, round(top + lines * (height + 34) + PADDING / 2)


def _document(parts: list[str], height: int) -> str:
    """Return the SVG file."""
    lines = "".join(
        f".p{number}{{stroke:{colour};stroke-dasharray:{dash}}}"
        for number, (colour, dash) in enumerate(LINES)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        'aria-label="Scheduling policies compared">'
        f"<style>text{{font:13px system-ui,'DejaVu Sans',sans-serif}}"
        f".title{{font-size:19px;font-weight:600}}.head{{font-weight:600}}"
        f"{_colours(LIGHT)}@media(prefers-color-scheme:dark){{{_colours(DARK)}}}"
        f".line{{fill:none;stroke-width:2;stroke-linejoin:round}}{lines}</style>"
        f'<rect class="page" width="{WIDTH}" height="{height}" rx="8"/>{"".join(parts)}</svg>\n'
    )


def _colours(colours: tuple[str, str, str, str]) -> str:
    """Return the style rules of a colour scheme: page, ink, soft ink, rules."""
    page, ink, soft, rule = colours
    return (
        f".page{{fill:{page}}}text{{fill:{ink}}}.soft{{fill:{soft};font-size:12px}}.tick{{fill:{soft};font-size:10px}}"
        f".grid{{stroke:{rule}}}.axis{{stroke:{soft};opacity:.6}}"
    )
