"""What a worker's own /metrics says of the shards of persons it keeps."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agents.app import WorkerApp
from streams.persons.shard import Shard


class ShardCollector(Collector):
    """Reads the app that keeps persons, at scrape."""

    def __init__(self, app: WorkerApp) -> None:
        self._app = app

    def collect(self) -> Iterator[Metric]:
        """Yield metric families."""
        owned = self._app.ownership
        shards: dict[int, Shard] = owned.partitions
        yield GaugeMetricFamily(
            "tidegauge_worker_shards", "Shards of persons this worker keeps.", len(shards)
        )
        yield GaugeMetricFamily(
            "tidegauge_worker_persons",
            "Persons known in these shards.",
            sum(shard.people.population.size for shard in shards.values()),
        )
        yield GaugeMetricFamily(
            "tidegauge_worker_persons_to_forget",
            "Persons of them who are to be forgotten and are not yet.",
            sum(shard.people.waiting_to_be_forgotten for shard in shards.values()),
        )
        yield CounterMetricFamily(
            "tidegauge_worker_snapshots", "Snapshots of shards written.", owned.checkpoints
        )
        yield CounterMetricFamily(
            "tidegauge_worker_lost_facts",
            "Messages to shards that were gone when they should have been read.",
            owned.lost_records,
        )
        yield GaugeMetricFamily(
            "tidegauge_worker_shard_recovery_seconds",
            "How long the last recovery of shards took; 0 before the first.",
            owned.recovering.seconds,
        )
        yield from _of_shards(shards)


def _of_shards(shards: dict[int, Shard]) -> Iterator[Metric]:
    offsets = GaugeMetricFamily(
        "tidegauge_worker_shard_read_offset", "Next message to fold.", labels=["shard"]
    )
    late = GaugeMetricFamily(
        "tidegauge_worker_late_facts",
        "Minutes of activity that came too late to be taken; declared lost.",
        labels=["shard"],
    )
    for number, shard in sorted(shards.items()):
        offsets.add_metric([str(number)], shard.offset)
        late.add_metric([str(number)], shard.too_late)
    yield from (offsets, late)
