"""The business series of one view as Prometheus families: all of them, or only `tidegauge_up 0`.

Names, HELP texts and labels come from the catalogue. Samples carry no timestamps; their instant is
`tidegauge_as_of_timestamp_seconds`.
"""

from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from exporters.view import View
from streams.catalogue import PREFIX, Catalogue, Metric
from streams.folding import Folding
from streams.panes import SECOND
from streams.reading import Reading
from streams.scores import explain
from streams.series import Series


class ProductCollector(Collector):
    """Collects one view."""

    def __init__(self, folding: Folding, view: View) -> None:
        self._folding = folding
        self._view = view

    def collect(self) -> Iterator[Family]:
        """Yield the families of every metric, `tidegauge_up` first."""
        reading = self._view.reading
        yield up(reading is not None)
        if reading is None:
            return
        yield from about(reading)
        yield from product_families(self._folding.catalogue, reading)


def product_families(catalogue: Catalogue, reading: Reading) -> Iterator[Family]:
    """What a reading says of every metric, counters included."""
    series: dict[str, list[Series]] = {name: [] for name in catalogue.metrics}
    for one in reading.series:
        series[one.metric.name].append(one)
    for name, metric in catalogue.metrics.items():
        yield from families_of(metric, series[name])


def up(is_up: bool) -> Family:  # noqa: FBT001 - it is the value
    """Whether there are product metrics."""
    return GaugeMetricFamily(
        f"{PREFIX}up",
        "1 while every partition and every shard of persons is published and fresh; 0 otherwise, "
        "and then the product metrics are absent.",
        value=int(is_up),
    )


def describe(metric: Metric, part: str = "") -> str:
    """HELP text of a metric, or of one gauge of a score, on one line: definition, formula, unit."""
    unit = f" Unit: {metric.unit}." if metric.unit else ""
    begin = f"{explain(metric, part)}. " if part else ""
    text = f"{begin}{metric.definition.rstrip('.')}. Formula: {metric.formula.rstrip('.')}.{unit}"
    return " ".join(text.split())


def families_of(metric: Metric, series: list[Series]) -> Iterator[Family]:
    """Every family of a metric, with those of its samples that are in `series`."""
    if metric.has_total:
        total = CounterMetricFamily(metric.total_name, describe(metric), labels=metric.labels)
        _fill(total, metric.total_name, (s for s in series if metric.is_total(s.window)))
        yield total
    for part in metric.parts:
        name = metric.gauge_name(part)
        gauge = GaugeMetricFamily(name, describe(metric, part), labels=metric.gauge_labels)
        _fill(gauge, name, (s for s in series if not metric.is_total(s.window) and s.part == part))
        yield gauge
    if metric.kind == "distinct":
        yield _errors(metric, series)


def _fill(family: Family, name: str, series: Iterable[Series]) -> None:
    for one in series:
        family.add_sample(name, one.exported_labels, one.value)


def _errors(metric: Metric, series: Iterable[Series]) -> Family:
    name = f"{metric.window_name}_error"
    text = (
        f"Half the width of the interval in which {metric.window_name} lies at one standard "
        "deviation; 0 where it is exact."
    )
    family = GaugeMetricFamily(name, text, labels=metric.gauge_labels)
    for one in series:
        family.add_sample(name, one.exported_labels, one.error)
    return family


def about(reading: Reading) -> Iterator[Family]:
    """What holds for the whole reading."""
    yield GaugeMetricFamily(
        f"{PREFIX}as_of_timestamp_seconds",
        "The instant at which every window of this scrape was evaluated.",
        value=reading.as_of / SECOND,
    )
    if reading.final_until > 0:
        yield GaugeMetricFamily(
            f"{PREFIX}final_until_timestamp_seconds",
            "Minutes, hours and days that end by this instant can no longer change.",
            value=reading.final_until / SECOND,
        )
    yield from reservations(reading)


def reservations(reading: Reading) -> Iterator[Family]:
    """What must be known beside the values: which windows are not complete, what has overflowed."""
    complete = GaugeMetricFamily(
        f"{PREFIX}window_complete",
        "1 when the data reaches back over the whole window and nothing of it was lost.",
        labels=("window",),
    )
    for window, flag in reading.complete.items():
        complete.add_metric((window,), int(flag))
    yield complete
    overflow = GaugeMetricFamily(
        f"{PREFIX}label_overflow",
        "1 when label sets of the metric beyond a limit were put together as __other__, or left "
        "out where people would be counted twice.",
        labels=("metric", "window"),
    )
    for (metric, window), flag in reading.overflow.items():
        overflow.add_metric((metric, window), int(flag))
    yield overflow
