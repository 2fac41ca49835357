"""The health of the shards of persons: how far each is, and what it could not be told."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from exporters.gauges import Gauge, families
from streams.catalogue import PREFIX
from streams.panes import NO_WATERMARK, SECOND
from streams.published import Progress, Published


def _told(progress: Progress) -> float | None:
    return None if progress.caught_up_at == NO_WATERMARK else progress.caught_up_at / SECOND


GAUGES: tuple[Gauge[Progress], ...] = (
    Gauge(
        "shard_lag_messages",
        "Messages to the shard of persons that it has not taken yet.",
        lambda p: p.lag,
    ),
    Gauge(
        "shard_told_timestamp_seconds",
        "Time up to which every partition of the source has told the shard.",
        _told,
    ),
    Gauge(
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
        yield from families(GAUGES, (({"shard": n}, one) for n, one in self._progress.items()))
        lost = CounterMetricFamily(
            f"{PREFIX}lost_facts",
            "Messages and parts of messages about persons that a shard could not take, since they "
            "were gone or came too late: declared loss.",
            labels=("shard",),
        )
        for shard, progress in self._progress.items():
            lost.add_metric((shard,), progress.losses.records + progress.losses.units)
        yield lost
