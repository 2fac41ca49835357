"""What a worker's own /metrics says about its publishing."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from exporters.publisher import SnapshotPublisher
from streams.catalogue import PREFIX


class PublisherCollector(Collector):
    """Collects one publisher's counters."""

    def __init__(self, publisher: SnapshotPublisher) -> None:
        self._publisher = publisher

    def collect(self) -> Iterator[Family]:
        """Yield every family."""
        publications = CounterMetricFamily(
            f"{PREFIX}publications",
            "Attempts to publish a partition to Redis, by what came of them.",
            labels=("result",),
        )
        for result, count in self._publisher.publications.items():
            publications.add_metric((result,), count)
        yield publications
        yield CounterMetricFamily(
            f"{PREFIX}redis_errors",
            "Calls to Redis that failed or took too long.",
            value=self._publisher.errors,
        )
        yield GaugeMetricFamily(
            f"{PREFIX}redis_up",
            "1 while the last call to Redis succeeded.",
            value=0 if self._publisher.last_error else 1,
        )
