"""The health of the shards of persons: how far each is, and what it could not be told."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from streams.catalogue import PREFIX
from streams.panes import NO_WATERMARK, SECOND
from streams.published import Progress, Published


class _Gauge(NamedTuple):
    """A gauge per shard; `read` gives None where it has no value yet."""

    name: str
    text: str
    read: Callable[[Progress], float | None]


def _told(progress: Progress) -> float | None:
    return None if progress.caught_up_at == NO_WATERMARK else progress.caught_up_at / SECOND


GAUGES = (
    _Gauge(
        "shard_lag_messages",
        "Messages to the shard of persons that it has not taken yet.",
        lambda p: p.lag,
    ),
    _Gauge(
        "shard_told_timestamp_seconds",
        "Time up to which every partition of the source has told the shard.",
        _told,
    ),
    _Gauge(
        "shard_published_timestamp_seconds",
        "Wall clock of the worker when it last published the shard.",
        lambda p: p.published_at / SECOND,
    ),
)


class ShardHealthCollector(Collector):
    """Collects what the shards say of themselves."""

    def __init__(self, shards: Mapping[int, Published]) -> None:
        self._progress = {str(n): shards[n].progress for n in sorted(shards)}

    def collect(self) -> Iterator[Family]:
        """Yield every family."""
        for gauge in GAUGES:
            family = GaugeMetricFamily(f"{PREFIX}{gauge.name}", gauge.text, labels=("shard",))
            for shard, progress in self._progress.items():
                value = gauge.read(progress)
                if value is not None:
                    family.add_metric((shard,), value)
            yield family
        lost = CounterMetricFamily(
            f"{PREFIX}lost_facts",
            "Messages and parts of messages about persons that a shard could not take, since they "
            "were gone or came too late: declared loss.",
            labels=("shard",),
        )
        for shard, progress in self._progress.items():
            lost.add_metric((shard,), progress.losses.records + progress.losses.units)
        yield lost
