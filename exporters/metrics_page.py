"""Writes `docs/metrics.md` from the catalogue: `python -m exporters.metrics_page`."""

from collections.abc import Iterator
from pathlib import Path

from streams.catalogue import Catalogue, Example, Metric, Source
from streams.catalogue_file import load
from streams.scores import explain
from streams.windows import WINDOWS
from streams.wire import SEGMENT

PAGE = Path(__file__).parent.parent / "docs" / "metrics.md"
WRITTEN = """\
Written by `python -m exporters.metrics_page` from `streams/catalogue.toml`, where each is defined;
yours can be defined in the same way, and `tidegauge metrics` tells of them too. Each worked example
is run by a test. What becomes of values no metric can use: [bad input](bad-input.md)."""
HEAD = """# Metrics

{}

What holds for all: a record counts once, at its own time, however often a producer repeats it (same
`messageId` within 10 minutes). Left out are records that cannot be read, of bots, more than 24
hours late, or more than 10 minutes ahead of Kafka's clock; each kind is counted in
`tidegauge_records_total{{outcome}}`. Windows are whole minutes (`5m`, `1h`), hours (`24h`) or local
days (`today`, `yesterday`, `7d`, `30d`) and, but for `yesterday`, end with the current one.
"""
DIRECTIONS = {
    "up": "more is better",
    "down": "less is better",
    "neutral": "neither more nor less is better",
}
KINDS = {
    "count": "Exact",
    "sum": "Exact, in millionths",
    "distinct": "Exact up to about 4,000 people, estimated above, with the error in `{}_error`",
    "score": "Exact",
    "ratio": "As exact as what it is made of",
}


def page(catalogue: Catalogue, written: str = WRITTEN) -> str:
    """The page as it must be; `written` says by what."""
    metrics = catalogue.metrics.values()
    rows = "".join(f"| [{m.title}](#{_anchor(m)}) | {_exported(m)} |\n" for m in metrics)
    overview = f"\n| metric | exported as |\n|---|---|\n{rows}"
    return HEAD.format(written) + overview + "".join(map(_section, metrics))


def _anchor(metric: Metric) -> str:
    return metric.title.lower().replace(" ", "-")


def _exported(metric: Metric) -> str:
    names = [_name(metric.total_name, metric.labels)] if metric.has_total else []
    names += [_name(name, (*metric.window_labels, "window")) for name in metric.gauge_names]
    return ", ".join(f"`{name}`" for name in names)


def _name(name: str, labels: tuple[str, ...]) -> str:
    return name + (f"{{{','.join(labels)}}}" if labels else "")


def _section(metric: Metric) -> str:
    return f"\n## {metric.title}\n\n" + "\n".join(_lines(metric)) + "\n"


def _lines(metric: Metric) -> Iterator[str]:
    yield f"{metric.definition}\n"
    yield f"- Formula: {metric.formula}"
    if metric.sources:
        yield f"- Events: {'; '.join(map(_source, metric.sources))}"
    yield f"- Exported as {_exported(metric)}"
    if metric.kind == "score":
        for part in metric.parts:
            yield f"- `{metric.gauge_name(part)}`: {explain(metric, part)}"
    if metric.kind == "ratio" and metric.minimum > 1:
        yield f"- Absent while the denominator is below {metric.minimum}"
    if metric.unit:
        yield f"- Unit: {metric.unit}"
    if set(metric.windows) != set(WINDOWS):
        yield f"- Windows: {', '.join(metric.windows)}"
    exactness, direction = KINDS[metric.kind], DIRECTIONS[metric.direction]
    yield f"- {exactness.format(metric.window_name)}; {direction}"
    if metric.limits:
        yield f"- Known limits: {metric.limits}"
    if metric.example is not None:
        yield from _example(metric.example)


def _source(source: Source) -> str:
    kinds = ", ".join(source.kinds)
    name = f"`{source.name}`" if source.name else f"every {kinds}"
    return name + (f" ({source.goal})" if source.goal else "")


def _example(example: Example) -> Iterator[str]:
    yield "\n| at | who | what |\n|---|---|---|"
    for event in example.events:
        yield f"| {event.at:%H:%M} | {event.person} | {event} |"
    told = (one.rpartition(" is ") for one in example.results())
    results = ", ".join(f"`{name}` is {value}" for name, _, value in told)
    yield f"\nAt {example.at:%H:%M:%S} {results}. {example.because}".rstrip()


if __name__ == "__main__":
    PAGE.write_text(page(load(SEGMENT)), encoding="utf-8")
