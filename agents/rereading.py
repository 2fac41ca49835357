"""Folds every partition of the source anew, from a point in time on."""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.settings import WorkerSettings
from exporters.snapshot_store import wall_clock
from streams.folding import DeadLetter
from streams.partition import Partition
from streams.published import Progress

CHUNK_RECORDS = 20_000
FETCH_BYTES = 4 << 20
FETCH_MILLISECONDS = 100
"""How long a broker may wait for records, and how old what is known of an end may be."""
SILENT_MILLISECONDS = 10_000


class Vanished(Exception):
    """The source does not hold any more what was to be read, or was read already."""


class Advance(NamedTuple):
    """How far a replay is, and what it is doing."""

    what: str
    read: int
    total: int


class Rereading:
    """The partitions as they are folded so far; `consumer` is started and has nothing assigned."""

    def __init__(
        self, consumer: AIOKafkaConsumer, settings: WorkerSettings, partitions: int, generation: str
    ) -> None:
        self._consumer, self._folding = consumer, settings.folding
        self._tps = [TopicPartition(settings.topic, number) for number in range(partitions)]
        self._generation = generation
        self.caught_up_at: dict[int, int] = {}
        """Wall clock of the last poll that had reached the end of each partition."""
        self._begun_at = wall_clock()
        self._listed: dict[int, int] = {}
        self.partitions: dict[int, Partition] = {}
        self.starts: dict[int, int] = {}
        """Offset at which each partition was begun."""
        self.records = 0
        self.dead = 0

    async def begin(self, time: int | None) -> None:
        """Go to the first record at or after a time in milliseconds; without one, to the first."""
        self._consumer.assign(self._tps)
        starts = dict(await self._consumer.beginning_offsets(self._tps))
        listed = await self._consumer.end_offsets(self._tps)
        if time is not None:  # asked after the ends: who comes meanwhile comes after that time
            found = await self._consumer.offsets_for_times(dict.fromkeys(self._tps, time))
            for tp, least in starts.items():
                starts[tp] = max(least, found[tp].offset if found[tp] else listed[tp])
        for tp, start in starts.items():
            number = tp.partition
            self._consumer.seek(tp, start)
            self.starts[number], self._listed[number] = start, listed[tp]
            self.partitions[number] = Partition(
                self._folding, generation=self._generation, offset=start
            )

    async def read(self, milliseconds: int) -> dict[int, list[DeadLetter]]:
        """Fold what comes within so many milliseconds; by partition, what could not be read.

        Raises Vanished.
        """
        await asyncio.sleep(0)  # `getmany` waits for nothing while it has records: let others run
        found = await self._consumer.getmany(timeout_ms=milliseconds, max_records=CHUNK_RECORDS)
        return {tp.partition: await self._fold(tp, found.get(tp, [])) for tp in self._tps}

    async def _fold(self, tp: TopicPartition, records: Sequence[Any]) -> list[DeadLetter]:
        partition = self.partitions[tp.partition]
        end = await self._consumer.position(tp)
        first = records[0].offset if records else end
        if first != partition.offset:
            await self._check(tp, partition.offset, first)
        dead = partition.fold(records, end)
        if partition.offset >= self.ends().get(tp.partition, partition.offset + 1):
            self.caught_up_at[tp.partition] = self._consumer.last_poll_timestamp(tp) or 0
        self.records += len(records)
        self.dead += len(dead)
        return dead

    async def _check(self, tp: TopicPartition, expected: int, first: int) -> None:
        """Raise Vanished unless nothing ever stood between these offsets that counts."""
        beginning = (await self._consumer.beginning_offsets([tp]))[tp]
        if first < expected:
            raise Vanished(
                f"partition {tp.partition} of {tp.topic!r} ends before offset {expected}, which "
                "was read already: the topic was made anew, or lost its end; replay again"
            )
        if beginning > expected:
            raise Vanished(
                f"partition {tp.partition} of {tp.topic!r}: the source let go of offsets "
                f"{expected} to {beginning} before they were read; replay --from a later time"
            )

    def forget_changes(self) -> None:
        """Let go of the names of panes that came and went: a year of minutes is half a million."""
        for partition in self.partitions.values():
            partition.take_changes()

    def ends(self) -> dict[int, int]:
        """End of each partition by the last fetch; of those that were not fetched yet none.

        What stands behind an open transaction is not there yet.
        """
        known = {tp.partition: self._consumer.last_stable_offset(tp) for tp in self._tps}
        return {number: end for number, end in known.items() if end is not None}

    async def ends_of(self, topic: str, partitions: int) -> dict[int, int]:
        """End of each partition of another topic as the broker lists it."""
        tps = [TopicPartition(topic, number) for number in range(partitions)]
        return {tp.partition: end for tp, end in (await self._consumer.end_offsets(tps)).items()}

    def has_come_to(self, ends: dict[int, int]) -> bool:
        """Whether every partition is read up to there."""
        return len(ends) == len(self._tps) and all(
            self.partitions[number].offset >= end for number, end in ends.items()
        )

    def offsets(self) -> dict[int, int]:
        """Offset of the next record of each partition."""
        return {number: partition.offset for number, partition in self.partitions.items()}

    def advance(self, what: str) -> Advance:
        """How far the reading is; `what` is being done unless Kafka is silent."""
        starts = self.starts
        read = sum(offset - starts[number] for number, offset in self.offsets().items())
        ends = self._listed | self.ends()
        total = sum(max(0, ends[number] - start) for number, start in starts.items())
        answered = [self._consumer.last_poll_timestamp(tp) or self._begun_at for tp in self._tps]
        is_silent = wall_clock() - max(answered, default=0) > SILENT_MILLISECONDS
        return Advance("Waiting for Kafka" if is_silent else what, read, max(read, total))

    def progress(self, number: int, checkpoint_at: int) -> Progress:
        """How far a partition is, for whoever publishes it."""
        tp, partition = self._tps[number], self.partitions[number]
        return Progress.of(
            partition,
            number,
            end_offset=self._consumer.highwater(tp) or partition.offset,
            caught_up_at=self.caught_up_at.get(number, 0),
            published_at=wall_clock(),
            checkpoint_at=checkpoint_at,
        )


def source_consumer(settings: WorkerSettings) -> AIOKafkaConsumer:
    """A consumer of the source, outside of any group; start and stop it."""
    return AIOKafkaConsumer(
        **settings.kafka.client(),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        fetch_max_wait_ms=FETCH_MILLISECONDS,
        max_partition_fetch_bytes=FETCH_BYTES,
    )
