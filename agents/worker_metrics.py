"""A worker's own metrics: what its process and its part of the pipeline do; no product metrics."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agents.app import WorkerApp
from agents.recovering import Recovering


class WorkerCollector(Collector):
    """Reads the worker at scrape."""

    def __init__(self, app: WorkerApp) -> None:
        self._app = app

    def collect(self) -> Iterator[Metric]:
        """Yield metric families."""
        yield from _of_ownership(self._app)
        yield from _of_recovery(self._app.ownership.recovering)


def _of_ownership(app: WorkerApp) -> Iterator[Metric]:
    owned = app.ownership
    yield GaugeMetricFamily(
        "tidegauge_worker_partitions", "Partitions this worker owns.", len(owned.partitions)
    )
    yield CounterMetricFamily(
        "tidegauge_worker_checkpoints", "Checkpoints written.", owned.checkpoints
    )
    yield CounterMetricFamily(
        "tidegauge_worker_rebalances", "Times partitions were assigned anew.", app.rebalancing_count
    )
    yield CounterMetricFamily(
        "tidegauge_worker_repaired_units",
        "Units of state that had to be built anew from the source.",
        owned.repaired_units,
    )
    yield CounterMetricFamily(
        "tidegauge_worker_lost_records",
        "Offsets that were not in the source any more when they should have been read.",
        owned.lost_records,
    )
    yield CounterMetricFamily(
        "tidegauge_worker_replayed_records",
        "Records read again because state had to be built anew from them.",
        owned.replayed_records,
    )
    yield CounterMetricFamily(
        "tidegauge_worker_dead_letters", "Records sent to the dead letters.", app.dead_letters.sent
    )
    offsets = GaugeMetricFamily(
        "tidegauge_worker_read_offset", "Next offset to fold.", labels=["partition"]
    )
    for number, partition in sorted(owned.partitions.items()):
        offsets.add_metric([str(number)], partition.offset)
    yield offsets


def _of_recovery(recovering: Recovering) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "tidegauge_worker_recovery_seconds",
        "How long the last recovery took; 0 before the first.",
        recovering.seconds,
    )
    yield GaugeMetricFamily(
        "tidegauge_worker_recovered_rows",
        "Rows of the changelog read by the last recovery, or by the one that runs.",
        recovering.advance.rows,
    )
    yield GaugeMetricFamily(
        "tidegauge_worker_recovered_bytes",
        "Bytes of these rows.",
        recovering.advance.size,
    )
