"""Writes `docs/metrics.md` from the catalogue: `python -m exporters.metrics_page`."""

from collections.abc import Iterator
from pathlib import Path

from exporters.families import beside
from streams.catalogue import Catalogue, Example, Metric, Source, Watch
from streams.catalogue_file import load
from streams.persons.measures import MEASURES
from streams.persons.names import ACTIVE
from streams.scores import explain
from streams.windows import WINDOWS
from streams.wire import SEGMENT

PAGE = Path(__file__).parent.parent / "docs" / "metrics.md"
WRITTEN = """\
Written by `python -m exporters.metrics_page` from `streams/catalogue.toml`, where each is defined;
yours can be defined in the same way, and `tidegauge metrics` tells of them too. Each worked example
is run by a test. What becomes of values no metric can use: [bad input](bad-input.md). How to state
who subscribed before the data begins: [subscribers](subscribers.md). How to mark a launch:
[launches](launches.md)."""
HEAD = """# Metrics

{}

What holds for all: a record counts once, at its own time, however often a producer repeats it (same
`messageId` within 10 minutes). Left out are records that cannot be read, of bots, more than 24
hours late, or more than 10 minutes ahead of Kafka's clock; each kind is counted in
`tidegauge_records_total{{outcome}}`. Windows are whole minutes (`5m`, `1h`), hours (`24h`) or local
days (`today`, `yesterday`, `7d`, `30d`) and, but for `yesterday`, end with the current one.
"""
ENDINGS = {"counter": "_total"}
ABOUT = """
## Beside the metrics

How far the numbers are to be trusted: read these first.

| metric | what it says |
|---|---|
"""
DIRECTIONS = {
    "up": "more is better",
    "down": "less is better",
    "neutral": "neither more nor less is better",
}
ALARMS = {
    "rise": "an unusual rise",
    "fall": "an unusual fall",
    "both": "an unusual rise or fall",
}
KINDS = {
    "count": "Exact",
    "sum": "Exact, in millionths",
    "distinct": "Exact up to about 4,000 people, estimated above, with the error in `{}_error`",
    "score": "Exact",
    "persons": "Exact",
    "ratio": "As exact as what it is made of",
}
DAYS_EXACT = (
    "Exact in windows of days; in shorter ones up to about 4,000 people, estimated above, with the "
    "error in `{}_error`"
)


def page(catalogue: Catalogue, written: str = WRITTEN) -> str:
    """The page as it must be; `written` says by what."""
    metrics = catalogue.metrics.values()
    rows = "".join(f"| [{m.title}](#{_anchor(m)}) | {_exported(m)} |\n" for m in metrics)
    overview = f"\n| metric | exported as |\n|---|---|\n{rows}"
    return (
        HEAD.format(written)
        + overview
        + "".join(_section(m, catalogue) for m in metrics)
        + _of_the_numbers()
    )


def _of_the_numbers() -> str:
    """What is exported beside the metrics: how far they are to be trusted."""
    return ABOUT + "".join(
        f"| `{family.name}{ENDINGS.get(family.type, '')}` | {family.documentation} |\n"
        for family in beside()
    )


def _anchor(metric: Metric) -> str:
    return metric.title.lower().replace(" ", "-")


def _exported(metric: Metric) -> str:
    names = [_name(metric.total_name, metric.labels)] if metric.has_total else []
    if metric.windows or not metric.has_total:
        names += [_name(name, metric.gauge_labels) for name in metric.gauge_names]
    return ", ".join(f"`{name}`" for name in names)


def _name(name: str, labels: tuple[str, ...]) -> str:
    return name + (f"{{{','.join(labels)}}}" if labels else "")


def _section(metric: Metric, catalogue: Catalogue) -> str:
    return f"\n## {metric.title}\n\n" + "\n".join(_lines(metric, catalogue)) + "\n"


def _lines(metric: Metric, catalogue: Catalogue) -> Iterator[str]:
    yield f"{metric.definition}\n"
    yield f"- Formula: {metric.formula}"
    if metric.sources:
        yield f"- Events: {'; '.join(map(_source, metric.sources))}"
    elif metric.measure:
        yield f"- Events: {'; '.join(_told(metric, catalogue))}"
    yield f"- Exported as {_exported(metric)}"
    if metric.kind == "score":
        for part in metric.parts:
            yield f"- `{metric.gauge_name(part)}`: {explain(metric, part)}"
    if metric.kind == "ratio" and metric.minimum > 1:
        yield f"- Absent while the denominator is below {metric.minimum}"
    if metric.unit:
        yield f"- Unit: {metric.unit}"
    if 0 < len(metric.windows) < len(WINDOWS):
        yield f"- Windows: {', '.join(metric.windows)}"
    yield from _caveats(metric)
    if metric.example is not None:
        yield from _example(metric.example)


def _caveats(metric: Metric) -> Iterator[str]:
    """How far its numbers are to be trusted, and who looks after them."""
    exactness = DAYS_EXACT if metric.kind == "distinct" and metric.measure else KINDS[metric.kind]
    yield f"- {exactness.format(metric.window_name)}; {DIRECTIONS[metric.direction]}"
    if metric.watch is not None:
        yield f"- {_watched(metric, metric.watch)}"
    if metric.limits:
        yield f"- Known limits: {metric.limits}"


def _watched(metric: Metric, watch: Watch) -> str:
    by = f" by {' and '.join(watch.by)}" if watch.by else ""
    gauge = f'`tidegauge_watched_alarm{{metric="{metric.name}"}}`'
    return f"Watched{by}: {ALARMS[watch.alarm]} raises {gauge}"


def _told(metric: Metric, catalogue: Catalogue) -> Iterator[str]:
    """The events that say of persons what a metric is made of; each once."""
    found = dict[str, None]()
    for name in MEASURES[metric.measure].facts:
        fact = catalogue.facts.get(name)
        for source in fact.sources if fact else ():
            since = " that says since when" if source.time else ""
            found[(f"`{source.name}`" if source.name else ", ".join(source.kinds)) + since] = None
        if name == ACTIVE:
            found["all that make active"] = None
    yield from found


def _source(source: Source) -> str:
    kinds = ", ".join(source.kinds)
    name = f"`{source.name}`" if source.name else f"every {kinds}"
    return name + (f" ({source.goal})" if source.goal else "")


def _example(example: Example) -> Iterator[str]:
    yield "\n| at | who | what |\n|---|---|---|"
    for event in example.events:
        yield f"| {example.clock(event.at)} | {event.person} | {event} |"
    told = (one.rpartition(" is ") for one in example.results())
    results = ", ".join(f"`{name}` is {value}" for name, _, value in told)
    at = example.clock(example.at, ":%S")
    yield f"\nAt {at} {results}. {example.because}".rstrip()


if __name__ == "__main__":
    PAGE.write_text(page(load(SEGMENT)), encoding="utf-8")
