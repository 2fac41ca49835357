"""What workers of a run write says from which manifest they went on."""

import asyncio
from typing import Any

import pytest

from agents.ownership import Holding
from streams.partition import Partition
from streams.recovery import recover
from streams.rows import Rows
from tests.agents.made_up import GENERATION, SETTINGS, StubProducer, batch, owner
from tests.chaos.stamps import since, stamp_rows

Headers = list[tuple[str, bytes]]


class Noting(StubProducer):
    """Notes key, value and headers of each row."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[tuple[str, bytes | None, Headers]] = []

    async def send(
        self, topic: str, value: bytes | None, *, key: bytes = b"", **more: Any
    ) -> asyncio.Future[None]:
        self.rows.append((key.decode(), value, more["headers"]))
        return await super().send(topic, value, key=key)


def write(producer: Noting, held: Partition | None = None) -> set[int | None]:
    """Let a worker with partitions 0 and 1 fold ten records of 0; what its rows say."""

    async def run() -> None:
        ownership = owner(0, 1, producer=producer)
        if held is not None:
            ownership.adopt({0: Holding(held)})
        partition = ownership.partitions[0]
        await ownership.fold(0, batch(ownership, partition.offset, 10))
        await ownership.checkpoint()

    before = len(producer.rows)
    asyncio.run(run())
    return {since(headers) for _, _, headers in producer.rows[before:]}


def test_rows_tell_the_manifest_from_which_their_writer_went_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stamp_rows(monkeypatch)
    producer, rows = Noting(), Rows()
    assert write(producer) == {0}
    for key, value, _ in producer.rows:
        rows.take(key.partition("/")[2], value)
    assert write(producer, recover(SETTINGS.folding, rows, 0, GENERATION).partition) == {10}


def test_rows_that_no_worker_wrote_tell_nothing() -> None:
    assert since(None) is None
    assert since([]) is None
