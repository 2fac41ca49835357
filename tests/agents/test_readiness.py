"""Why a worker is not ready, in words."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from agents.ownership import Holding, Ownership
from agents.readiness import SILENT_AFTER, not_ready
from agents.recovering import Advance
from streams.partition import Partition
from streams.recovery import recover
from streams.rows import Rows
from tests.agents.made_up import GENERATION, SETTINGS, StubProducer, batch, owner


def app(ownership: Ownership[Partition], **polled_at: int) -> Any:
    """A worker, and when Kafka answered for its partitions (`_0=`)."""
    found = {int(name[1:]): time for name, time in polled_at.items()}
    return SimpleNamespace(
        ownership=ownership,
        consumer=SimpleNamespace(source_log=SimpleNamespace(polled_at=found.get)),
    )


def adopted(*numbers: int) -> Ownership[Partition]:
    ownership = owner(*numbers)
    ownership.recovered_at = 1_000
    return ownership


def test_a_worker_that_was_answered_is_ready() -> None:
    assert not_ready(app(adopted(0, 1), _0=50_000, _1=50_000), 50_000 + SILENT_AFTER) == []


def test_a_worker_without_partitions_of_its_own_is_ready() -> None:
    assert not_ready(app(adopted()), 1_000_000) == []


def test_a_worker_whose_partitions_are_not_here_yet_is_not() -> None:
    ownership = adopted(0)
    ownership.drop()
    assert not_ready(app(ownership), 1_000) == [
        "partitions are being assigned and their state recovered"
    ]


def test_a_worker_says_which_of_its_two_states_is_not_here_yet() -> None:
    ownership = adopted(0)
    ownership.what = "shard"  # as that of the app that keeps persons
    assert not_ready(app(ownership), 100_000) == ["Kafka has not answered for shards 0 for 99 s"]
    ownership.drop()
    assert not_ready(app(ownership), 100_000) == [
        "shards are being assigned and their state recovered"
    ]


def test_a_recovery_says_how_far_it_is() -> None:
    async def reads(advance: Advance) -> None:
        advance.note(1234, 1)
        await asyncio.Event().wait()

    async def main() -> None:
        ownership = adopted(0)
        ownership.drop()
        ownership.recovering.start(reads)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        (reason,) = not_ready(app(ownership), 1_000)
        assert "1234 rows read so far" in reason
        ownership.drop()
        await asyncio.sleep(0)

    asyncio.run(main())


def test_a_silent_kafka_is_named_with_the_partitions_it_is_silent_for() -> None:
    ownership = adopted(0, 1, 2)
    now = 100_000
    worker = app(ownership, _0=now - SILENT_AFTER - 1, _1=now, _2=now - 60_000)
    assert not_ready(worker, now) == ["Kafka has not answered for partitions 0, 2 for 60 s"]


@pytest.mark.parametrize(("after", "reasons"), [(SILENT_AFTER, 0), (SILENT_AFTER + 1, 1)])
def test_before_the_first_answer_the_time_runs_from_the_recovery(after: int, reasons: int) -> None:
    assert len(not_ready(app(adopted(0)), 1_000 + after)) == reasons


def test_a_partition_that_is_rebuilt_says_how_far_it_has_to_go() -> None:
    async def main() -> None:
        first = owner(0, producer=(producer := StubProducer()))
        await first.fold(0, batch(first, 0, 200))
        await first.checkpoint()
        rows = Rows()
        for key, value in producer.sent:
            if "/hour/" not in key:
                rows.take(key.removeprefix("0/"), value)
        ownership = adopted()
        found = recover(SETTINGS.folding, rows, 0, GENERATION)
        ownership.adopt({0: Holding(found.partition)})
        await ownership.fold(0, batch(ownership, 0, 150))
        now = ownership.recovered_at
        assert not_ready(app(ownership), now) == ["partition 0 is being rebuilt: 50 offsets to go"]
        await ownership.fold(0, batch(ownership, 150, 50))
        assert not_ready(app(ownership), now) == []

    asyncio.run(main())
