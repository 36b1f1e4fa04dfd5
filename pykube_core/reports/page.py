"""The page: table, curves, node heat maps, and everything needed to run it again."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from pykube_core import __version__
from pykube_core.files import write_file
from pykube_core.reports import heatmap, table
from pykube_core.reports.chart import STYLES, Chart
from pykube_core.reports.suffix import check_suffix
from pykube_core.reports.table import sampling

if TYPE_CHECKING:
    from pykube_core.experiments.results import Results

REPORT_SUFFIXES = (".html", ".htm")
# Names under the pointer cost a name per node and a byte per node and map.
NAMED_NODES_MAX = 10_000

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{css}</style>
</head>
<body>
<header><h1>{title}</h1><p class="lead">{lead}</p></header>
<main>
<section aria-labelledby="h-summary"><h2 id="h-summary">Summary</h2>{summary}</section>
<section aria-labelledby="h-curves"><h2 id="h-curves">Over the run</h2>
<p class="note">{axis}</p>{legend}<div class="charts">{charts}</div></section>
<section aria-labelledby="h-nodes"><h2 id="h-nodes">Nodes</h2>
<p class="note">{map_note}</p>{scale}<div class="maps">{maps}</div>{names}</section>
<section aria-labelledby="h-setup"><h2 id="h-setup">Set-up</h2>{setup}</section>
<section aria-labelledby="h-terms"><h2 id="h-terms">Terms</h2>{terms}</section>
</main>
<div id="tip" role="status" hidden></div>
<script type="application/json" id="data">{data}</script>
<script>{script}</script>
</body>
</html>
"""

TERMS = (
    (
        "Allocation",
        "requested by pods on nodes, over what the cluster's nodes can allocate.",
    ),
    (
        "Fragmentation",
        "the share of what is free that typical pods of this workload cannot use: a pod class "
        "cannot use a node that it does not fit on now, nor a resource that it does not request; "
        "classes are weighted by how often they occur, most frequent first up to 95 % of the pods. "
        "After Weng et al., “Beware of Fragmentation: Scheduling GPU-Sharing Workloads with "
        "Fragmentation Gradient Descent”, USENIX ATC 2023, here for every resource and per node.",
    ),
    ("Nodes used", "nodes with at least one pod that the policy placed."),
    (
        "Waiting",
        "from a pod's creation to its placement, of pods that were placed. A pod that still waits "
        "when its deletion time comes counts as unplaced.",
    ),
)


def write_report(comparison: Results, path: str | os.PathLike[str]) -> None:
    """Write the page to a file; the same comparison gives the same bytes.

    Raises
    ------
    InputError
        The name ends like that of another format.
    OSError
        When the file cannot be written.
    """
    check_suffix(path, "a report", REPORT_SUFFIXES)
    write_file(path, html_page(comparison).encode(errors="xmlcharrefreplace"))


def html_page(comparison: Results) -> str:
    """Return the page."""
    drawn = list(_charts(comparison))
    here = files("pykube_core.reports")
    replay = comparison.settings.replay
    resources = len(comparison.resources)
    named = len(comparison.nodes) <= NAMED_NODES_MAX
    data = {
        "charts": [chart.data() for chart in drawn],
        "nodes": comparison.nodes if named else (),
        "maps": [heatmap.cells(comparison, row).tolist() for row in range(resources)]
        if named
        else (),
    }
    return PAGE.format(
        title="Scheduling policies compared",
        lead=escape(table.headline(comparison)),
        css=here.joinpath("report.css").read_text(encoding="utf-8"),
        summary=_summary(comparison),
        axis="Time runs from the first creation to the last."
        if replay
        else "From left to right, pods arrive.",
        legend=_legend(comparison),
        charts="".join(_figure(number, chart) for number, chart in enumerate(drawn)),
        map_note=_map_note(comparison),
        scale=_scale(),
        maps="".join(_maps(comparison, named)),
        names=_names(comparison) if named else "",
        setup=_setup(comparison),
        terms="<dl>"
        + "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in TERMS)
        + "</dl>",
        data=json.dumps(data).replace("<", "\\u003c"),
        script=here.joinpath("report.js").read_text(encoding="utf-8"),
    )


def _summary(comparison: Results) -> str:
    """Return the table and how to read it."""
    many = len(comparison.seeds) > 1
    spread = f" Figures are means ± standard deviations over {len(comparison.seeds)} seeds."
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Summary">'
        f"{table.html_table(comparison)}</div>"
        f'<p class="note">Bold: no policy does better.{spread if many else ""}</p>'
    )


def _charts(comparison: Results) -> Iterator[Chart]:
    """Yield the charts of the page."""
    curves = {name: comparison.curves(name) for name in comparison.policies}
    first = next(iter(curves.values()))

    def chart(title: str, hint: str, column: str, share: bool = True) -> Chart:
        lines = {name: found[column] for name, found in curves.items()}
        clock = comparison.settings.replay
        return Chart(title, hint, first["position"], lines, share, clock)

    for name in comparison.resources:
        word = table.short(name)
        yield chart(f"{word} allocation", "of the cluster", f"allocation.{name}")
    for name in comparison.resources:
        word = table.short(name)
        hint = "of what is free, unusable"
        if table.is_telling(comparison, f"fragmentation_rate.{name}"):
            yield chart(f"{word} fragmentation", hint, f"fragmentation_rate.{name}")
    yield chart("Nodes used", "with a pod placed by the policy", "nodes_used", share=False)


def _figure(number: int, chart: Chart) -> str:
    """Return one chart with its caption."""
    return (
        f'<figure data-chart="{number}"><figcaption>{escape(chart.title)} '
        f"<small>{escape(chart.hint)}</small></figcaption>{chart.svg()}</figure>"
    )


def _legend(comparison: Results) -> str:
    """Return the policies with their line styles."""
    items = "".join(
        f'<li tabindex="0" data-policy="{escape(name)}">'
        '<svg viewBox="0 0 28 10" aria-hidden="true">'
        f'<path class="line p{number % STYLES}" d="M1 5H27"/></svg>{escape(name)}</li>'
        for number, name in enumerate(comparison.policies)
    )
    return f'<ul class="legend">{items}</ul>'


def _map_note(comparison: Results) -> str:
    """Return how to read the maps."""
    when = "when the cluster was fullest" if comparison.settings.replay else "after the last pod"
    return (
        f"Each cell is one node, {when} (seed {comparison.seeds[0]}): how much of it is requested. "
        "Only nodes that have the resource are shown. Nodes of one shape stand together, and a "
        "node stands in the same place under every policy."
    )


def _scale() -> str:
    """Return the colours of the maps."""
    gradient = heatmap.legend_gradient()
    return (
        '<div class="scale" aria-hidden="true"><span>empty</span>'
        f'<i style="background:{gradient}"></i><span>full</span></div>'
    )


def _maps(comparison: Results, named: bool) -> Iterator[str]:
    """Yield a row of maps per policy, one for each resource."""
    for name in comparison.policies:
        yield f'<h3>{escape(name)}</h3><div class="row">'
        utilisation = comparison.utilisation(name)
        for row, resource in enumerate(comparison.resources):
            values = heatmap.levels(utilisation[row][heatmap.cells(comparison, row)])
            width, height = heatmap.shape(len(values))
            words = (
                f"{np.count_nonzero(values == 0):,} empty · "
                f"{np.count_nonzero(values >= 90):,} at 90 % or more"
            )
            pointer = base64.b64encode(values.tobytes()).decode() if named else ""
            word = escape(table.short(resource))
            yield (
                f'<figure><img class="map" width="{width}" height="{height}" data-map="{row}" '
                f'data-policy="{escape(name)}" '
                f'alt="{word} of each node under {escape(name)}: {words}" '
                f'data-levels="{pointer}" src="{heatmap.data_uri(heatmap.png(values))}">'
                f"<figcaption>{word} <small>{words}</small></figcaption></figure>"
            )
        yield "</div>"


def _bound(comparison: Results) -> str:
    """Return which pods stay where they are, "" for none."""
    subject = comparison.subject
    if not subject.bound:
        return ""
    of_whom = "" if comparison.settings.keep_bound else " (of a DaemonSet or static)"
    return f"{table.pods_in_words(subject)}{of_whom}"


def _names(comparison: Results) -> str:
    """Return where the page's script lists nodes by name, for whoever has no pointer."""
    if not comparison.resources:
        return ""
    options = "".join(
        f'<option value="{row}">{escape(table.short(resource))}</option>'
        for row, resource in enumerate(comparison.resources)
    )
    return (
        '<details id="names"><summary>Nodes by name</summary>'
        f'<p class="pick"><label>Requested share of <select>{options}</select></label> '
        '<label>of nodes called <input type="search" placeholder="part of a name"/></label></p>'
        '<div class="scroll" tabindex="0" role="region" aria-label="Nodes by name"></div>'
        '<p class="note" role="status"></p></details>'
    )


def _setup(comparison: Results) -> str:
    """Return everything needed to run it again."""
    subject, settings = comparison.subject, comparison.settings
    facts = {
        "Command": comparison.command,
        "Workload": str(subject),
        "Newest time in it": subject.newest,
        "Pods": _bound(comparison),
        "Experiment": "replay of arrivals and departures on a virtual clock"
        if settings.replay
        else "arrivals only, " + ("in random order" if settings.shuffle else "in creation order"),
        "Tie-break": settings.tie_break,
        "Nodes scored": ", ".join(sampling(settings)) or "as the profiles say, all by default",
        "Seeds": ", ".join(map(str, comparison.seeds)),
        "Version": f"pykube-core {__version__}",
    }
    rows = "".join(
        f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in facts.items() if text
    )
    policies = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>"
        for name, text in comparison.policies.items()
    )
    warned = "".join(f"<li>{escape(text)}</li>" for text in comparison.warnings)
    notes = f"<h3>Warnings</h3><ul>{warned}</ul>" if warned else ""
    return f"<dl>{rows}</dl><h3>Policies</h3><dl>{policies}</dl>{notes}"
