"""Every chunk says from where to where it reaches, also when it holds no record."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.consumer.fetcher import FetchError, PartitionRecords
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from faust.types.tuples import TP

from agents.batch import Batch
from agents.chunks import Chunk, ConsumerThread, Fetched, NoReadOffsets

ZERO, ONE = TP("events", 0), TP("events", 1)


class Fetcher:
    """Stands in for aiokafka's: fetches what it is told to, and moves the positions by it."""

    def __init__(self, subscription: SubscriptionState) -> None:
        self._subscriptions = subscription
        self._records: dict[TopicPartition, Any] = {}
        self._closed = False
        self.steps: list[tuple[TopicPartition, list[int], int]] = []
        """Partition, offsets of records, position afterwards."""
        self.error: Exception | None = None

    async def fetched_records(self, *_: Any, **__: Any) -> dict[TopicPartition, list[Any]]:
        found = {}
        for partition, offsets, position in self.steps:
            self._subscriptions._assigned_state(partition).consumed_to(position)
            if offsets:
                found[partition] = [SimpleNamespace(offset=offset) for offset in offsets]
        self.steps = []
        if self.error is not None:
            raise self.error
        return found


class Reader:
    """A consumer thread that does not run, over aiokafka's own bookkeeping of positions."""

    def __init__(self, *partitions: TP) -> None:
        self.subscription = SubscriptionState()
        self.subscription.subscribe({"events"})
        self.subscription.assign_from_subscribed({TopicPartition(*tp) for tp in partitions})
        self.fetcher = Fetcher(self.subscription)
        self.consumer = SimpleNamespace(
            _closed=False,
            _fetcher=self.fetcher,
            _subscription=self.subscription,
            seek=lambda tp, offset: self.subscription.seek(TopicPartition(*tp), offset),
        )
        self.thread: Any = ConsumerThread.__new__(ConsumerThread)
        self.thread.consumer = SimpleNamespace(flow_active=True)
        self.thread._reached = {}
        self._active = set(partitions)

    async def seek(self, partition: TP, offset: int) -> None:
        await self.thread._seek_wait(self.consumer, {partition: offset})

    async def fetch(self, *steps: tuple[TP, list[int], int]) -> dict[TP, Chunk]:
        self.fetcher.steps = [(TopicPartition(*tp), *rest) for tp, *rest in steps]
        chunks = await self.thread._fetch_records(self.consumer, self._active, 1.0, 5_000)
        return {TP(*tp): chunk for tp, chunk in chunks.items()}

    def position(self, partition: TP) -> int:
        return int(self.subscription._assigned_state(TopicPartition(*partition)).position)


@pytest.mark.parametrize("magic", [0, 1, 2])
def test_records_are_handed_over_as_they_were_unpacked(magic: int) -> None:
    batch = _batch(magic, [(0, 1_000, b"one"), (1, 2_000, None)])
    partition = TopicPartition("events", 0)
    unpacked = PartitionRecords(partition, MemoryRecords(batch), None, 0, None, None, True, 1)  # noqa: FBT003
    held = Fetched()
    held[partition] = SimpleNamespace(_partition_records=unpacked)
    found = list(unpacked)
    assert [(one.offset, one.value) for one in found] == [(0, b"one"), (1, None)]
    assert not any(isinstance(one, ConsumerRecord) for one in found)
    assert unpacked.next_fetch_offset == 2


def test_an_error_is_held_as_it_is() -> None:
    error = FetchError(error=ValueError("gone"), backoff=0)
    held = Fetched()
    held[ZERO] = error
    assert held[ZERO] is error


def _batch(magic: int, records: list[tuple[int, int, bytes | None]]) -> bytes:
    if magic == 2:
        builder: Any = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, 0, 1 << 16)
    else:
        builder = LegacyRecordBatchBuilder(magic, 0, 1 << 16)
    for offset, timestamp, value in records:
        builder.append(offset, timestamp, None, value, []) if magic == 2 else builder.append(
            offset, timestamp, None, value
        )
    return bytes(builder.build())


def bounds(chunk: Chunk) -> tuple[int, list[int], int]:
    return chunk.start, [record.offset for record in chunk.records], chunk.end


def test_a_chunk_begins_where_the_last_one_ended_and_ends_where_aiokafka_stands() -> None:
    async def main() -> None:
        reader = Reader(ZERO, ONE)
        await reader.seek(ZERO, 10)
        await reader.seek(ONE, 0)
        first = await reader.fetch((ZERO, [10, 11], 12))
        second = await reader.fetch((ZERO, [14], 16), (ONE, [0], 1))
        assert {tp: bounds(chunk) for tp, chunk in first.items()} == {ZERO: (10, [10, 11], 12)}
        assert {tp: bounds(chunk) for tp, chunk in second.items()} == {
            ZERO: (12, [14], 16),
            ONE: (0, [0], 1),
        }
        assert second[ZERO].first == 14

    asyncio.run(main())


def test_what_holds_no_record_makes_a_chunk_once() -> None:
    async def main() -> None:
        reader = Reader(ZERO)
        await reader.seek(ZERO, 10)
        (chunk,) = (await reader.fetch((ZERO, [], 15))).values()
        assert (bounds(chunk), chunk.first) == ((10, [], 15), 15)
        assert await reader.fetch() == {}
        (chunk,) = (await reader.fetch((ZERO, [15], 16))).values()
        assert bounds(chunk) == (15, [15], 16)

    asyncio.run(main())


def test_a_partition_that_was_never_sought_makes_no_chunk() -> None:
    async def main() -> None:
        reader = Reader(ZERO, ONE)
        await reader.seek(ZERO, 0)
        reader.consumer.seek(ONE, 0)  # as aiokafka does by itself, to the group's offset
        assert (await reader.fetch((ZERO, [0], 1), (ONE, [0], 1))).keys() == {ZERO}

    asyncio.run(main())


def test_after_a_seek_the_next_chunk_starts_there() -> None:
    async def main() -> None:
        reader = Reader(ZERO)
        await reader.seek(ZERO, 0)
        await reader.fetch((ZERO, [0, 1, 2], 3))
        await reader.seek(ZERO, 1)
        assert reader.position(ZERO) == 1
        (chunk,) = (await reader.fetch((ZERO, [1, 2, 3], 4))).values()
        assert bounds(chunk) == (1, [1, 2, 3], 4)

    asyncio.run(main())


def test_where_aiokafka_went_by_itself_shows_as_a_hole() -> None:
    async def main() -> None:
        reader = Reader(ZERO)
        await reader.seek(ZERO, 100)
        state = reader.subscription._assigned_state(TopicPartition(*ZERO))
        state.await_reset(-2)
        assert await reader.fetch() == {}  # it has no position yet
        state.reset_to(40)
        (chunk,) = (await reader.fetch()).values()
        assert (bounds(chunk), chunk.first) == ((100, [], 40), 40)

    asyncio.run(main())


def test_behind_an_error_that_waits_nothing_is_passed_over() -> None:
    async def main() -> None:
        reader = Reader(ZERO)
        await reader.seek(ZERO, 5)
        reader.fetcher._records[TopicPartition(*ZERO)] = "a record that is too large"
        assert await reader.fetch((ZERO, [], 6)) == {}

    asyncio.run(main())


def test_what_was_fetched_beside_an_error_is_fetched_again() -> None:
    async def main() -> None:
        reader = Reader(ZERO, ONE)
        await reader.seek(ZERO, 5)
        await reader.seek(ONE, 7)
        reader.fetcher.error = RuntimeError("a checksum")
        with pytest.raises(RuntimeError, match="a checksum"):
            await reader.fetch((ZERO, [5, 6], 7), (ONE, [], 8))
        assert (reader.position(ZERO), reader.position(ONE)) == (5, 7)
        reader.fetcher.error = None
        (chunk,) = (await reader.fetch((ZERO, [5, 6], 7))).values()
        assert bounds(chunk) == (5, [5, 6], 7)

    asyncio.run(main())


def test_a_partition_that_was_taken_away_makes_no_chunk_and_no_error() -> None:
    async def main() -> None:
        reader = Reader(ZERO, ONE)
        await reader.seek(ZERO, 5)
        await reader.seek(ONE, 7)
        reader.subscription.assign_from_subscribed({TopicPartition(*ZERO)})
        assert await reader.fetch() == {}
        reader.fetcher.error = RuntimeError("gone")
        with suppress(RuntimeError):
            await reader.fetch()
        assert reader.position(ZERO) == 5

    asyncio.run(main())


def test_reading_counts_while_a_recovery_lasts() -> None:
    async def main() -> None:
        reader = Reader(ZERO)
        reader.thread._consumer = reader.consumer
        reader.subscription._last_fetch_ended -= 5_000
        assert reader.subscription.fetcher_idle_time > 4_000
        reader.thread.stay_in_group()
        assert reader.subscription.fetcher_idle_time < 1_000

    asyncio.run(main())


def test_read_offsets_are_forgotten_so_that_faust_drops_nothing() -> None:
    read = NoReadOffsets()
    read[ZERO] = 100
    assert read[ZERO] is None
    assert not read


def test_what_is_logged_of_a_chunk_tells_nothing_of_its_records() -> None:
    records = [SimpleNamespace(offset=4, value=b"who somebody is")]
    told = repr(Chunk(4, records, 5)), repr(Batch(1, 4, records, 5, 4))
    assert told == (
        "<Chunk: 1 records, offsets 4 to 5>",
        "<Batch: 1 records, offsets 4 to 5>",
    )
