"""A comparison as a table, for terminals and for HTML."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from pykube_core.words import counted

if TYPE_CHECKING:
    from pykube_core.experiments.results import Results, Subject
    from pykube_core.experiments.simulate import Settings

# Names that people say, for the extended resources that they see most.
SHORT = {
    "alibabacloud.com/gpu-milli": "GPU",
    "alibabacloud.com/gpu-count": "GPU count",
    "nvidia.com/gpu": "GPU",
    "ephemeral-storage": "disk",
}


class Column(NamedTuple):
    """One column of the table.

    Attributes
    ----------
    metric
        The metric that it shows.
    title
        Its heading, of one or two words.
    hint
        Its meaning, in a sentence.
    show
        Turns a value into text.
    best
        ``max`` or ``min`` where one end is better, None where it depends on what one is after.
    """

    metric: str
    title: str
    hint: str
    show: Callable[[float], str]
    best: Callable[..., float] | None = None


class Cell(NamedTuple):
    """Mean and deviation as text, and whether no other policy does better."""

    mean: str
    deviation: str
    best: bool


def short(resource: str) -> str:
    """Return the name of a resource that people say."""
    return SHORT.get(resource, resource.rpartition("/")[2])


def columns(comparison: Results) -> list[Column]:
    """Return the columns that say something; of fragmentation, see `is_telling`."""
    replay = comparison.settings.replay
    when = "mean over time" if replay else "when the last pod has arrived"
    out = [
        Column("placed", "placed", "pods placed", _count, max),
        Column("unplaced", "unplaced", "pods that never fitted", _count, min),
        Column(
            "nodes_used", "nodes used", f"nodes with a pod placed by the policy, {when}", _count
        ),
    ]
    for name in comparison.resources:
        hint = f"share of the cluster's {short(name)} that is requested, {when}"
        out.append(Column(f"allocation.{name}", f"{short(name)} alloc", hint, _percent, max))
    for name in comparison.resources:
        hint = f"share of the free {short(name)} that typical pods cannot use, {when}"
        out.append(Column(f"fragmentation_rate.{name}", f"{short(name)} frag", hint, _percent, min))
    for metric, title in (("wait_p50_s", "wait p50"), ("wait_p99_s", "wait p99")):
        hint = f"creation to placement, {title[5:]} of the pods placed"
        out.append(Column(metric, title, hint, _seconds, min))
    out.append(Column("pods_per_s", "pods/s", "scheduling cycles per second of real time", _count))
    return [column for column in out if _is_shown(comparison, column)]


def is_telling(comparison: Results, curve: str) -> bool:
    """Say whether a curve is more than a line at zero under every policy."""
    return any(bool(comparison.curves(name)[curve].any()) for name in comparison.policies)


def _is_shown(comparison: Results, column: Column) -> bool:
    """Say whether a column is there, and if it is of fragmentation, whether it tells anything.

    It tells nothing where it is zero, nor where several policies have the same.
    """
    if column.metric not in comparison.metrics:
        return False
    if not column.metric.startswith("fragmentation_rate."):
        return True
    values = {column.show(v) for v in _means(comparison, column.metric)}
    return len(values) > 1 or (len(comparison.policies) == 1 and values != {column.show(0)})


def _means(comparison: Results, metric: str) -> list[float]:
    rows = comparison.summary()
    return [value for row in rows if isinstance(value := row[metric], int | float)]


def cells(comparison: Results, shown: list[Column]) -> list[list[Cell]]:
    """Return the table's body: one row per policy."""
    rows = comparison.summary()
    out: list[list[Cell]] = [[] for _ in rows]
    for column in shown:
        texts = []
        for row in rows:
            mean, spread = row[column.metric], row[f"{column.metric}_std"]
            if not isinstance(mean, int | float) or not isinstance(spread, int | float):
                texts.append(("-", ""))
            else:
                texts.append((column.show(mean), column.show(spread) if spread else ""))
        means = _means(comparison, column.metric)
        top = column.show(column.best(means)) if column.best and means else None
        telling = len({mean for mean, _ in texts}) > 1
        for line, (mean, spread) in zip(out, texts, strict=True):
            line.append(Cell(mean, spread, telling and mean == top))
    return out


def sampling(settings: Settings) -> list[str]:
    """Return what is said of sampling: nothing where the profiles decide."""
    percentage = settings.percentage_of_nodes_to_score
    if percentage is None:
        return []
    return ["adaptive sampling of nodes" if percentage == 0 else f"{percentage}% of nodes scored"]


def pods_in_words(subject: Subject) -> str:
    """Return how many pods there are, and of how many the policies had the say."""
    pods = counted(subject.pods, "pod")
    if not subject.bound:
        return pods
    stay = (
        f"{subject.bound:,} {'stays on its node' if subject.bound == 1 else 'stay on their nodes'}"
    )
    return f"{pods}: {subject.pods - subject.bound:,} to place, {stay}"


def headline(comparison: Results) -> str:
    """Return in one line what was compared."""
    subject, settings = comparison.subject, comparison.settings
    parts = [
        subject.source,
        counted(subject.nodes, "node"),
        pods_in_words(subject),
        "replay"
        if settings.replay
        else "arrivals only" + (", shuffled" if settings.shuffle else ""),
        f"tie-break {settings.tie_break}",
        *sampling(settings),
        f"seed{'s' if len(comparison.seeds) > 1 else ''} {', '.join(map(str, comparison.seeds))}"
        if len(comparison.seeds) < 6
        else f"{len(comparison.seeds)} seeds from {comparison.seeds[0]} to {comparison.seeds[-1]}",
    ]
    return " · ".join(parts)


def text_table(comparison: Results) -> str:
    """Return the table as text; the best of a column carries a star."""
    shown = columns(comparison)
    body = cells(comparison, shown)
    heads = ["policy", *(column.title for column in shown)]
    lines = [
        [name, *(_text(cell) for cell in row)]
        for name, row in zip(comparison.policies, body, strict=True)
    ]
    widths = [max(len(line[i]) for line in [heads, *lines]) for i in range(len(heads))]
    text = [headline(comparison), ""]
    for line in [heads, ["─" * width for width in widths], *lines]:
        first, *rest = (
            part.ljust(width) if i == 0 else part.rjust(width)
            for i, (part, width) in enumerate(zip(line, widths, strict=True))
        )
        text.append("  ".join([first, *rest]).rstrip())
    text += ["", _footnote(comparison, shown, body)]
    return "\n".join(text)


def html_table(comparison: Results) -> str:
    """Return the table as HTML without style of its own."""
    shown = columns(comparison)
    heads = "".join(
        f'<th scope="col" title="{escape(column.hint)}">{escape(column.title)}</th>'
        for column in shown
    )
    rows = []
    for name, row in zip(comparison.policies, cells(comparison, shown), strict=True):
        data = "".join(_html(cell) for cell in row)
        rows.append(f'<tr><th scope="row">{escape(name)}</th>{data}</tr>')
    return (
        f'<table class="pykube"><caption>{escape(headline(comparison))}</caption>'
        f'<thead><tr><th scope="col">policy</th>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _footnote(comparison: Results, shown: list[Column], body: list[list[Cell]]) -> str:
    """Return how to read the table."""
    notes = []
    if len(comparison.seeds) > 1:
        notes.append(f"mean ± standard deviation over {len(comparison.seeds)} seeds")
    if any(cell.best for row in body for cell in row):
        notes.append("* best of its column")
    notes.append("alloc: requested share of the cluster")
    if any(column.metric.startswith("fragmentation_rate.") for column in shown):
        notes.append("frag: share of what is free that typical pods cannot use")
    return "; ".join(notes)


def _text(cell: Cell) -> str:
    """Return a cell for the terminal."""
    spread = f" ±{cell.deviation.rstrip('%')}" if cell.deviation else ""
    return f"{'*' if cell.best else ''}{cell.mean}{spread}"


def _html(cell: Cell) -> str:
    """Return a cell as HTML."""
    spread = f" <small>±{escape(cell.deviation.rstrip('%'))}</small>" if cell.deviation else ""
    mean = f"<strong>{escape(cell.mean)}</strong>" if cell.best else escape(cell.mean)
    return f"<td>{mean}{spread}</td>"


def _count(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) or value >= 100 else f"{value:,.1f}"


def _percent(value: float) -> str:
    return f"{value:.2%}" if abs(value) < 0.01 else f"{value:.1%}"


def _seconds(value: float) -> str:
    if value < 1:
        return f"{value:.1g} s" if value else "0 s"
    if value < 120:
        return f"{value:.1f} s"
    if value < 7200:
        return f"{value / 60:.1f} min"
    return f"{value / 3600:.1f} h" if value < 172_800 else f"{value / 86_400:.1f} d"
