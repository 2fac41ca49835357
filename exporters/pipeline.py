"""The pipeline's own health: how far each partition is, and what became of its records.

Per partition, the sum of `tidegauge_records_total` over its outcomes equals
`tidegauge_read_offset` less the offset at which the partition was begun (0 for a topic read from
its beginning), less the offsets that were lost or held no record, as those of transactions do.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from exporters.gauges import Gauge, families
from streams.catalogue import PREFIX
from streams.event import REASONS
from streams.outcomes import OUTCOMES
from streams.panes import LIFETIME, NO_WATERMARK, SECOND
from streams.published import Progress, Published
from streams.routing import Labels
from streams.unit import DEAD_LETTERS, IDENTITY_LINKS, SKIPPED
from streams.unit import OUTCOMES as OUTCOMES_ACCOUNT


def _watermark(progress: Progress) -> float | None:
    return None if progress.watermark == NO_WATERMARK else progress.watermark / SECOND


def _horizon(progress: Progress) -> float | None:
    if progress.horizon_start is None or progress.watermark == NO_WATERMARK:
        return None
    return max(0, progress.watermark - progress.horizon_start) / SECOND


GAUGES: tuple[Gauge[Progress], ...] = (
    Gauge("read_offset", "Offset of the next record to read.", lambda p: p.offset),
    Gauge("lag_records", "Records in the partition that are not counted yet.", lambda p: p.lag),
    Gauge(
        "watermark_timestamp_seconds",
        "Event time up to which the partition has come; absent before the first.",
        _watermark,
    ),
    Gauge(
        "published_timestamp_seconds",
        "Wall clock of the worker when it last published the partition.",
        lambda p: p.published_at / SECOND,
    ),
    Gauge(
        "checkpoint_timestamp_seconds",
        "Wall clock of the partition's last checkpoint; absent before the first.",
        lambda p: p.checkpoint_at / SECOND if p.checkpoint_at else None,
    ),
    Gauge(
        "deduplication_horizon_seconds",
        "How much event time back a repeated message id is noticed.",
        _horizon,
    ),
)


class PipelineCollector(Collector):
    """Collects what the partitions say of themselves; only their lifetime units are read.

    `complete` says whether all partitions are there: sums over partitions are absent otherwise.
    """

    def __init__(self, partitions: Mapping[int, Published], *, complete: bool) -> None:
        self._partitions = dict(sorted(partitions.items()))
        self._complete = complete

    def collect(self) -> Iterator[Family]:
        """Yield every family."""
        progress = [
            ({"partition": str(number)}, held.progress) for number, held in self._partitions.items()
        ]
        yield from families(GAUGES, progress)
        yield from self._records()
        yield from self._losses()
        if self._complete:
            yield from self._sums()

    def _records(self) -> Iterator[Family]:
        records = CounterMetricFamily(
            f"{PREFIX}records",
            "Records read, by what became of them: exactly one outcome each.",
            labels=("outcome", "partition"),
        )
        dead = CounterMetricFamily(
            f"{PREFIX}dead_letters",
            "Records that could not be read and went to the dead-letter topic, by reason.",
            labels=("reason", "partition"),
        )
        for partition, published in self._partitions.items():
            outcomes = _account(published, OUTCOMES_ACCOUNT)
            reasons = _account(published, DEAD_LETTERS)
            for outcome in OUTCOMES:
                records.add_metric((outcome, str(partition)), outcomes.get((outcome,), 0))
            for reason in REASONS:
                dead.add_metric((reason, str(partition)), reasons.get((reason,), 0))
        yield records
        yield dead

    def _losses(self) -> Iterator[Family]:
        records = CounterMetricFamily(
            f"{PREFIX}lost_records",
            "Offsets that were gone from the source before they were read: declared loss.",
            labels=("partition",),
        )
        units = CounterMetricFamily(
            f"{PREFIX}lost_units",
            "Parts of the stored state that were gone and that the source no longer holds: "
            "declared loss.",
            labels=("partition",),
        )
        for partition, published in self._partitions.items():
            losses = published.progress.losses
            records.add_metric((str(partition),), losses.records)
            units.add_metric((str(partition),), losses.units)
        yield records
        yield units

    def _sums(self) -> Iterator[Family]:
        skipped = CounterMetricFamily(
            f"{PREFIX}skipped_values",
            "Values that a metric, or what is remembered of persons, leaves out, by reason.",
            labels=("metric", "reason"),
        )
        for labels, count in sorted(self._summed(SKIPPED).items()):
            skipped.add_metric(labels, count)
        yield skipped
        yield CounterMetricFamily(
            f"{PREFIX}identity_links",
            "Accepted records that carry both a user and an anonymous person.",
            value=sum(self._summed(IDENTITY_LINKS).values()),
        )
        yield GaugeMetricFamily(
            f"{PREFIX}partitions",
            "Partitions of the source topic.",
            value=len(self._partitions),
        )

    def _summed(self, name: str) -> dict[Labels, int]:
        total: dict[Labels, int] = {}
        for published in self._partitions.values():
            for labels, count in _account(published, name).items():
                total[labels] = total.get(labels, 0) + count
        return total


def _account(published: Published, name: str) -> Mapping[Labels, Any]:
    unit = published.units.get(LIFETIME)
    return unit.state.get(name, {}) if unit else {}
