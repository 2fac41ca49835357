"""Writes what was known at past instants as OpenMetrics with timestamps, for `promtool`.

Names, HELP texts and labels are made by the code that makes a scrape. A number takes 16 bytes of
memory until it is written, since a file may tell of a family, and of a series, in one place only.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import Metric as Family

from exporters.collector import product_families, reservations
from exporters.recording import recorded
from streams.catalogue import Catalogue
from streams.panes import SECOND
from streams.reading import Reading

INSTANCE = "instance"
END = "# EOF\n"

Labels = tuple[tuple[str, str], ...]


@dataclass
class _Numbers:
    """What a series was: instants in milliseconds, rising, and values."""

    instants: "array[int]" = field(default_factory=lambda: array("q"))
    values: "array[float]" = field(default_factory=lambda: array("d"))

    def add(self, instant: int, value: float) -> None:
        self.instants.append(instant)
        self.values.append(value)


@dataclass
class _Gauge:
    """A family: its HELP text, and its series."""

    text: str
    series: dict[Labels, _Numbers] = field(default_factory=dict)


class PastGauges:
    """Gathers the gauges of readings, which are added in the order of their instants.

    `target` are the labels that Prometheus gives what it scrapes. What the recording rules make of
    a gauge is written beside it, and the gauge itself only where `target` says of which instance.
    """

    def __init__(self, catalogue: Catalogue, target: Mapping[str, str]) -> None:
        self._catalogue, self._target = catalogue, dict(target)
        self._gauges: dict[str, _Gauge] = {}

    @property
    def count(self) -> int:
        """How many numbers were gathered."""
        series = (found for gauge in self._gauges.values() for found in gauge.series.values())
        return sum(len(numbers.values) for numbers in series)

    def add(self, reading: Reading) -> None:
        """Take all that a reading says but counters, which it cannot know of the past."""
        families = (*reservations(reading), *product_families(self._catalogue, reading))
        for family in families:
            if family.type == "gauge" and family.samples:
                self._add(family, reading.as_of)

    def _add(self, family: Family, instant: int) -> None:
        gauge = self._gauges.setdefault(family.name, _Gauge(family.documentation))
        for sample in family.samples:
            labels = tuple(sorted(sample.labels.items()))
            gauge.series.setdefault(labels, _Numbers()).add(instant, sample.value)

    def lines(self) -> Iterator[str]:
        """The file, in pieces of whole lines; without numbers it is one that says nothing."""
        shared = {name: value for name, value in self._target.items() if name != INSTANCE}
        for name, gauge in self._gauges.items():
            if INSTANCE in self._target:
                yield from _family(name, gauge, self._target)
            yield from _family(recorded(name), gauge, shared)
        yield END


def _family(name: str, gauge: _Gauge, target: Mapping[str, str]) -> Iterator[str]:
    yield f"# HELP {name} {_escaped(gauge.text)}\n# TYPE {name} gauge\n"
    for labels, numbers in gauge.series.items():
        series = f"{name}{{{_told(labels, target)}}}"
        yield "".join(
            f"{series} {value!r} {instant / SECOND}\n"
            for instant, value in zip(numbers.instants, numbers.values, strict=True)
        )


def _told(labels: Iterable[tuple[str, str]], target: Mapping[str, str]) -> str:
    """Labels as Prometheus has them after a scrape: those of the target win."""
    taken = {INSTANCE, *target}
    own = {f"exported_{name}" if name in taken else name: value for name, value in labels}
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in {**own, **target}.items())


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
