"""Gauges of things of one kind, such as partitions: each is a name, a text, and what to read."""

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.core import Metric as Family

from streams.catalogue import PREFIX

Thing = TypeVar("Thing")
Labels = dict[str, str]


class Gauge(NamedTuple, Generic[Thing]):
    """A gauge of each thing; `read` gives None where it has no value yet."""

    name: str
    text: str
    read: Callable[[Thing], float | None]


def families(
    gauges: Iterable[Gauge[Thing]], things: Iterable[tuple[Labels, Thing]]
) -> Iterator[Family]:
    """A family of each gauge, also without a thing; a sample of each thing, by its labels."""
    labelled = list(things)
    for name, text, read in gauges:
        family = GaugeMetricFamily(f"{PREFIX}{name}", text)
        for labels, thing in labelled:
            value = read(thing)
            if value is not None:
                family.add_sample(family.name, labels, value)
        yield family
