"""A worker's own metrics: what its process and its part of the pipeline do; no product metrics."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agents.app import WorkerApp


class WorkerCollector(Collector):
    """Reads the worker at scrape."""

    def __init__(self, app: WorkerApp) -> None:
        self._app = app

    def collect(self) -> Iterator[Metric]:
        """Yield metric families."""
        yield from _of_ownership(self._app)


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
        "tidegauge_worker_gap_records",
        "Offsets that were not in the source any more when they should have been read.",
        getattr(app.consumer, "gap_records", 0) if app.started else 0,
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
