"""The exporter's landing page: up or why not, every metric by window, the pipeline's health.

Rendered on the server, without scripts or requests to anywhere; everything from outside is
escaped.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from importlib import resources
from string import Template

from exporters.view import View
from streams.catalogue import Example, Metric
from streams.folding import Folding
from streams.outcomes import OUTCOMES
from streams.panes import LIFETIME, NO_WATERMARK, SECOND, Calendar
from streams.published import Published
from streams.reading import Reading, Series
from streams.unit import OUTCOMES as OUTCOMES_ACCOUNT
from streams.windows import WINDOWS

ROWS_MAX = 10
"""Label sets shown of a metric; /metrics has the rest."""
EMPTY = "–"  # noqa: RUF001 - a dash where there is no value


def render_landing(folding: Folding, view: View) -> str:
    """The page as HTML."""
    page = Template((resources.files("exporters") / "landing.html").read_text(encoding="utf-8"))
    reading, calendar = view.reading, folding.calendar
    return page.substitute(
        state="up" if reading else "no numbers",
        status=_status(view, calendar),
        values=_values(folding, reading) if reading else "",
        pipeline=_pipeline(view, calendar),
    )


def _status(view: View, calendar: Calendar) -> str:
    if view.reading is None:
        reasons = "".join(f"<li>{escape(problem)}</li>" for problem in view.snapshot.problems)
        return (
            '<section class="state down"><strong>No numbers right now.</strong> They are left out '
            f"rather than shown too small, because:<ul>{reasons}</ul></section>"
        )
    moment = _moment(view.reading.as_of, calendar)
    topic = view.snapshot.source.topic if view.snapshot.source else ""
    return (
        '<section class="state"><strong>Up.</strong> '
        f"Every value is as of {moment}, from the topic <em>{escape(topic)}</em>.</section>"
    )


def _values(folding: Folding, reading: Reading) -> str:
    by_metric: dict[str, list[Series]] = {}
    for series in reading.series:
        by_metric.setdefault(series.metric.name, []).append(series)
    rows = "".join(
        _metric_rows(metric, by_metric.get(metric.name, []))
        for metric in folding.catalogue.metrics.values()
    )
    return _table("Values by window", ["Metric", *WINDOWS, "in all"], rows)


def _metric_rows(metric: Metric, series: Iterable[Series]) -> str:
    cells: dict[tuple[str, ...], dict[str | None, float]] = {}
    for one in series:
        names = metric.labels if one.window is None else metric.window_labels
        if names == metric.window_labels:
            cells.setdefault(tuple(v for _, v in one.labels), {})[one.window] = one.value
    unit = f" Unit: {metric.unit}." if metric.unit else ""
    limits = f" {metric.limits}" if metric.limits else ""
    head = (
        f"<details><summary>{escape(metric.title)}</summary>"
        f"<p>{escape(metric.definition)} <em>{escape(metric.formula)}.</em>"
        f"{escape(unit)}{escape(limits)}</p>{_example(metric.example)}</details>"
    )
    if not metric.window_labels:
        return _row("metric", head, _numbers(metric, cells.get((), {})))
    ranked = sorted(cells, key=lambda labels: (-max(cells[labels].values()), labels))
    rows = [_row("metric", head, [""] * (len(WINDOWS) + 1))]
    rows += [
        _row("part", escape(", ".join(labels)), _numbers(metric, cells[labels]))
        for labels in ranked[:ROWS_MAX]
    ]
    if len(ranked) > ROWS_MAX:
        more = f"{len(ranked) - ROWS_MAX} more in /metrics"
        rows.append(_row("part", more, [""] * (len(WINDOWS) + 1)))
    return "".join(rows)


def _example(example: Example | None) -> str:
    if example is None:
        return ""
    events = "".join(
        f"<li>{event.at:%H:%M} {escape(event.person)}, {escape(str(event))}</li>"
        for event in example.events
    )
    results = "".join(f"<li>{escape(result)}</li>" for result in example.results())
    return (
        f"<p>For example, after</p><ul>{events}</ul><p>it is so at {example.at:%H:%M:%S}:</p>"
        f"<ul>{results}</ul><p>{escape(example.because)}</p>"
    )


def _numbers(metric: Metric, values: dict[str | None, float]) -> list[str]:
    return [
        EMPTY if (value := values.get(window)) is None else _number(metric, value)
        for window in (*WINDOWS, None)
    ]


def _number(metric: Metric, value: float) -> str:
    if metric.kind == "ratio":
        return f"{value:.2%}"
    return f"{value:,.2f}" if metric.kind == "sum" else f"{value:,.0f}"


def _pipeline(view: View, calendar: Calendar) -> str:
    if not view.snapshot.partitions:
        return ""
    rows = "".join(
        _row("", str(number), _progress(published, calendar))
        for number, published in sorted(view.snapshot.partitions.items())
    )
    heads = ["Partition", "offset", "lag", "watermark", "published", *OUTCOMES]
    return _table("Pipeline", [name.replace("_", " ") for name in heads], rows)


def _progress(published: Published, calendar: Calendar) -> list[str]:
    progress = published.progress
    unit = published.units.get(LIFETIME)
    outcomes = unit.state.get(OUTCOMES_ACCOUNT, {}) if unit else {}
    watermark = progress.watermark
    return [
        f"{progress.offset:,}",
        f"{progress.lag:,}",
        EMPTY if watermark == NO_WATERMARK else _moment(watermark, calendar),
        _moment(progress.published_at, calendar),
        *(f"{outcomes.get((outcome,), 0):,}" for outcome in OUTCOMES),
    ]


def _moment(time: int, calendar: Calendar) -> str:
    moment = datetime.fromtimestamp(time // SECOND, calendar.zone)
    return f'<time datetime="{moment.isoformat()}">{moment:%Y-%m-%d %H:%M:%S %Z}</time>'


def _table(title: str, heads: Sequence[str], rows: str) -> str:
    columns = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    return (
        f'<section><h2>{title}</h2><div class="wide" role="region" tabindex="0" '
        f'aria-label="{title}"><table><thead><tr>{columns}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div></section>"
    )


def _row(kind: str, head: str, cells: Iterable[str]) -> str:
    tds = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr class="{kind}"><th scope="row">{head}</th>{tds}</tr>'
