"""What a worker's own /metrics says about its publishing."""

from collections import Counter
from collections.abc import Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from exporters.publisher import SnapshotPublisher
from streams.catalogue import PREFIX


class PublisherCollector(Collector):
    """Collects the counters of a worker's publishers."""

    def __init__(self, publishers: Sequence[SnapshotPublisher]) -> None:
        self._publishers = publishers

    def collect(self) -> Iterator[Family]:
        """Yield every family."""
        publications = CounterMetricFamily(
            f"{PREFIX}publications",
            "Attempts to publish a partition or a shard to Redis, by what came of them.",
            labels=("result",),
        )
        counts: Counter[str] = Counter()
        for publisher in self._publishers:
            counts.update(publisher.publications)
        for result, count in counts.items():
            publications.add_metric((result,), count)
        yield publications
        yield CounterMetricFamily(
            f"{PREFIX}redis_errors",
            "Calls to Redis that failed or took too long.",
            value=sum(publisher.errors for publisher in self._publishers),
        )
        yield GaugeMetricFamily(
            f"{PREFIX}redis_up",
            "1 while the last call to Redis succeeded.",
            value=0 if any(publisher.last_error for publisher in self._publishers) else 1,
        )
