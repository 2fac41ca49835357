"""What workers fold and publish, without a broker: one real partition, under several numbers."""

import asyncio
from collections.abc import Iterable
from itertools import islice

from exporters.keys import Source
from exporters.publisher import SnapshotPublisher
from exporters.snapshot_store import wall_clock
from streams.folding import Folding
from streams.outcomes import Record
from streams.partition import Partition
from streams.published import Progress

GENERATION, PREFIX = "0123456789abcdef", "tidegauge"
BATCH = 5_000
TIMEOUT_SECONDS = 60.0


class OnePartition:
    """Folds records and publishes what they come to, as so many partitions that are all alike."""

    def __init__(self, redis_url: str, folding: Folding, partitions: int) -> None:
        self._partition, self._partitions = Partition(folding), partitions
        self._publisher = SnapshotPublisher(
            redis_url, PREFIX, GENERATION, timeout_seconds=TIMEOUT_SECONDS
        )
        self._source = Source.of(folding, GENERATION, "events", partitions)
        self._runner = asyncio.Runner()
        self._runner.run(self._publisher.announce(self._source))

    @property
    def offset(self) -> int:
        """Offset of the next record."""
        return self._partition.offset

    def add(self, records: Iterable[Record]) -> None:
        """Fold records, in order, and publish what changed."""
        waiting = iter(records)
        while batch := list(islice(waiting, BATCH)):
            self._partition.fold(batch)
            self._partition.take_told()
        self._runner.run(self._publish())

    def close(self) -> None:
        """Close the connections."""
        self._runner.run(self._publisher.close())
        self._runner.close()

    async def _publish(self) -> None:
        partition, now = self._partition, wall_clock()
        changes = partition.take_changes()
        times = {"caught_up_at": now, "published_at": now, "checkpoint_at": now}
        for number in range(self._partitions):
            progress = Progress.of(partition, number, end_offset=partition.offset, **times)
            outcome = await self._publisher.publish(
                number, progress, changes.changed, partition.everything, changes.removed
            )
            if outcome != "written":
                raise RuntimeError(f"Redis: {outcome}, {self._publisher.last_error}")
