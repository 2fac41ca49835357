"""A worker that is made slow leaves nothing out."""

import asyncio
from collections.abc import Collection
from typing import Any

import pytest
from aiokafka import TopicPartition

from agents.chunks import Chunk
from streams.partition import Partition
from tests.agents.test_chunks import ONE, ZERO, Fetcher, Reader
from tests.chaos.launcher import Reached, read_slowly
from tests.streams.made_up import Log, Row, a_folding, fold, moment

RECORDS = {TopicPartition(*ZERO): 5, TopicPartition(*ONE): 3}


class Full(Fetcher):
    """Has fetched some records of each partition, which it hands over as aiokafka does."""

    async def fetched_records(
        self, partitions: Collection[TopicPartition], **more: Any
    ) -> dict[TopicPartition, list[Any]]:
        assert not more["timeout"]
        (asked,) = partitions
        partition = TopicPartition(*asked)
        begin = self._subscriptions._assigned_state(partition).position
        end = min(begin + more["max_records"], RECORDS[partition])
        self.steps = [(partition, list(range(begin, end)), end)]
        return await super().fetched_records()


def test_every_partition_has_its_turn_and_each_chunk_follows_the_one_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read_slowly(monkeypatch, 2)

    async def read() -> list[tuple[int, Chunk]]:
        reader = Reader(ZERO, ONE)
        reader.consumer._fetcher = Full(reader.subscription)
        for partition in (ZERO, ONE):
            await reader.seek(partition, 0)
        fetched = [await reader.fetch() for _ in range(6)]
        return [(tp.partition, chunk) for found in fetched for tp, chunk in found.items()]

    chunks = asyncio.run(read())
    assert [(n, chunk.start, chunk.end) for n, chunk in chunks] == [
        *((0, 0, 2), (1, 0, 2), (0, 2, 4), (1, 2, 3), (0, 4, 5))
    ]


def test_a_unit_is_beyond_the_manifest_if_it_begins_after_the_last_one_that_was_written() -> None:
    partition, reached = Partition(a_folding()), Reached()
    log = Log(seed=1, start=moment("2026-06-01T12:00Z"), step=1_000)

    def written(rows: list[Row]) -> list[tuple[int, str, bytes | None]]:
        fold(partition, rows, [100] * len(rows))
        snapshot = partition.snapshot()
        assert snapshot is not None
        return [(0, f"0/{name}", value) for name, value in (*snapshot.units, *snapshot.manifest)]

    first, in_the_same_minute, later = (written(log.rows(n, trouble=0)) for n in (200, 1, 3_000))
    assert not reached.is_passed(first)
    reached.note(first)
    assert not reached.is_passed(in_the_same_minute)
    assert reached.is_passed(later)
