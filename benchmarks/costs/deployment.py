"""What a deployment needs for a load, reckoned from recorded curves, and where it ends first.

Workers run at half of what one reads of a backlog, with as many partitions each as were measured.
What a partition costs by the second (changelog, Redis) is multiplied by the partitions, what an
event costs by the events.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from benchmarks.costs.curve import Curve, Point
from benchmarks.recorded_page import number

PARTITIONS_MEASURED = 4
NEEDED = ("freshness", "traffic", "backfill", "workers", "keeping_persons")
SCRAPE_INTERVAL_SECONDS = 15
MEGABYTE = 1e6
TOPICS = ("events", "facts", "persons_changelog", "dead_letters")
"""Those whose bytes go by the event."""


@dataclass(frozen=True)
class Deployment:
    """A load, on the machine whose curves these are; a processor is one of its own."""

    curves: Mapping[str, Curve]
    events_per_second: float
    persons: float
    """All that ever came."""

    @property
    def workers(self) -> int:
        """How many workers, each at half of its most."""
        return math.ceil(self.events_per_second / self._half["events_per_second"])

    @property
    def partitions(self) -> int:
        """Partitions of the source."""
        return self.workers * PARTITIONS_MEASURED

    @property
    def worker_processors(self) -> float:
        """That all workers keep busy."""
        return self.events_per_second / self._alone["events_per_worker_cpu_second"]

    @property
    def broker_processors(self) -> float:
        """That brokers keep busy, without replicas."""
        share = self._alone["broker_cpu_percent"] / 100
        return share * self.events_per_second / self._alone["events_per_second"]

    @property
    def worker_megabytes(self) -> float:
        """Memory of a worker: what it takes to read, and its part of the persons."""
        few = max(point["worker_megabytes"] for point in self.curves["backfill"].points)
        first, *_, last = self.curves["keeping_persons"].points
        more = last["persons"] - first["persons"]
        of_one = (last["worker_megabytes"] - first["worker_megabytes"]) / more
        return few + of_one * self.persons / self.workers

    @property
    def kafka_megabytes_per_second(self) -> float:
        """Written to Kafka, source included, for each replica."""
        by_event = sum(self._backlog[f"{topic}_bytes_per_event"] for topic in TOPICS)
        return by_event * self.events_per_second / MEGABYTE + self._by_second("units_changelog")

    @property
    def redis_megabytes_per_second(self) -> float:
        """Sent to Redis."""
        return self._by_second("redis")

    @property
    def ends(self) -> dict[str, float]:
        """By what cannot be shared out: how much of its time is taken, in percent."""
        scrape = self.curves["freshness"].points[0]["scrape_seconds"] * self._by_partition
        return {
            "Redis, whose one thread does the work": (
                self._alone["redis_cpu_percent"] * self._by_partition
            ),
            f"the exporter, which merges all partitions each {SCRAPE_INTERVAL_SECONDS} s": (
                100 * scrape / SCRAPE_INTERVAL_SECONDS
            ),
        }

    def _by_second(self, what: str) -> float:
        """Megabytes a second of all workers, for what goes by the second."""
        rate = self._backlog["events_per_second"]
        return self._backlog[f"{what}_bytes_per_event"] * rate / MEGABYTE * self._by_partition

    @property
    def _by_partition(self) -> float:
        return self.partitions / PARTITIONS_MEASURED

    @property
    def _half(self) -> Point:
        return next(p for p in self.curves["freshness"].points if p["load_percent"] == 50)  # noqa: PLR2004 - half

    @property
    def _alone(self) -> Point:
        return next(p for p in self.curves["workers"].points if p["workers"] == 1)

    @property
    def _backlog(self) -> Point:
        return self.curves["traffic"].points[-1]


def told(curves: Mapping[str, Curve], events_per_second: float, persons: float) -> Iterator[str]:
    """The deployment as a table, and its weakest point; or which curves are not there."""
    missing = [name for name in NEEDED if name not in curves]
    if missing:
        yield f"Not reckoned yet, for want of the curves {', '.join(missing)}."
        return
    needed = Deployment(curves, events_per_second, persons)
    yield f"| for {events_per_second:,.0f} events a second, {persons:,.0f} persons | |"
    yield "|---|--:|"
    rows = {
        "workers, at half of what one can": needed.workers,
        "partitions of the source": needed.partitions,
        "processors that workers keep busy": needed.worker_processors,
        "processors that brokers keep busy, without replicas": needed.broker_processors,
        "MB of memory a worker": needed.worker_megabytes,
        "MB/s to Kafka, source included, for each replica": needed.kafka_megabytes_per_second,
        "MB/s to Redis": needed.redis_megabytes_per_second,
    }
    yield from (f"| {what} | {number(value)} |" for what, value in rows.items())
    yield ""
    ranked = sorted(needed.ends.items(), key=lambda end: -end[1])
    (weakest, share), *others = ranked
    beside = "; ".join(f"{what}: {number(percent)} %" for what, percent in others)
    yield (
        f"**The weakest point is {weakest}: {number(share)} % of its time is taken.** Workers, "
        f"partitions and brokers can be more; this cannot be shared out. Next: {beside}."
    )
