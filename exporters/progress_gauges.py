"""Gauges of what each partition, or each shard of persons, says of its own progress."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.core import Metric as Family

from streams.catalogue import PREFIX
from streams.published import Progress


class ProgressGauge(NamedTuple):
    """A gauge per part; `read` gives None where it has no value yet."""

    name: str
    text: str
    read: Callable[[Progress], float | None]


def families(
    gauges: Iterable[ProgressGauge], label: str, parts: Mapping[str, Progress]
) -> Iterator[Family]:
    """A family of each gauge; `label` says what a part is called."""
    for gauge in gauges:
        family = GaugeMetricFamily(f"{PREFIX}{gauge.name}", gauge.text, labels=(label,))
        for part, progress in parts.items():
            value = gauge.read(progress)
            if value is not None:
                family.add_metric((part,), value)
        yield family
