"""A worker that is made slow leaves nothing out."""

import asyncio
from collections.abc import Collection
from typing import Any

import pytest
from aiokafka import TopicPartition

from agents.chunks import Chunk
from tests.agents.test_chunks import ONE, ZERO, Fetcher, Reader
from tests.chaos.launcher import read_slowly

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
