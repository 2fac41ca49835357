"""What is folded under which assignment, what a checkpoint writes in which order, and loss."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

import pytest

from agents.ownership import Holding, Ownership
from agents.settings import Refusal
from exporters.snapshot_store import wall_clock
from streams.checkpoint import Manifest
from streams.partition import Partition
from streams.recovery import recover
from streams.rows import Rows
from streams.unit import unseal
from tests.agents.made_up import (
    GENERATION,
    JUNK,
    SETTINGS,
    Ended,
    StubProducer,
    batch,
    new_partition,
    no_exit,
    owner,
    until_idle,
)

__all__ = ["no_exit"]


def fold(
    ownership: Ownership[Partition], first: int, count: int, number: int = 0, **more: object
) -> None:
    asyncio.run(ownership.fold(number, batch(ownership, first, count, **more)))  # type: ignore[arg-type]


def checkpoint(ownership: Ownership[Partition]) -> dict[int, int]:
    return asyncio.run(ownership.checkpoint())


def names(producer: StubProducer) -> list[str]:
    """Keys that were written, and deleted ones with a dash before them."""
    return [key if value is not None else f"-{key}" for key, value in producer.sent]


def behind(rows: Rows, beginning: int = 0) -> Partition:
    return recover(SETTINGS.folding, rows, beginning, GENERATION).partition


def rows_of(producer: StubProducer) -> Rows:
    """What a reader of partition 0 would find."""
    rows = Rows()
    for key, value in producer.sent:
        number, _, name = key.partition("/")
        if number == "0":
            rows.take(name, value)
    return rows


def without_a_unit(producer: StubProducer) -> Rows:
    """The same, and one unit was lost."""
    rows = rows_of(producer)
    del rows.held[next(name for name in rows.held if "/hour/" in name)]
    return rows


def test_a_batch_of_this_epoch_is_folded() -> None:
    ownership = owner(0, 1)
    fold(ownership, 0, 10)
    assert ownership.partitions[0].offset == 10
    assert ownership.partitions[1].offset == 0


def test_a_batch_without_records_moves_the_partition_on() -> None:
    ownership = owner(0)
    fold(ownership, 0, 10, end=12)
    fold(ownership, 12, 0, end=15)
    assert ownership.partitions[0].offset == 15


def test_a_batch_read_before_a_rebalance_is_void_even_when_the_partition_came_back() -> None:
    ownership = owner(0)
    before = batch(ownership, 0, 10)
    ownership.drop()
    asyncio.run(ownership.fold(0, before))
    assert ownership.partitions == {}
    ownership.adopt({0: Holding(new_partition())})
    asyncio.run(ownership.fold(0, before))
    assert ownership.partitions[0].offset == 0


def test_every_drop_and_every_adoption_is_another_epoch() -> None:
    ownership = owner(0)
    seen = [ownership.epoch]
    for change in (ownership.drop, lambda: ownership.adopt({}), ownership.drop):
        change()
        seen.append(ownership.epoch)
    assert len(set(seen)) == len(seen)


@pytest.mark.usefixtures("no_exit")
def test_a_batch_beyond_the_state_ends_the_process() -> None:
    ownership = owner(0)
    with pytest.raises(Ended, match="70"):
        fold(ownership, 5, 10)
    assert ownership.partitions[0].offset == 0


def test_what_the_source_does_not_hold_any_more_is_declared(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ownership = owner(0)
    fold(ownership, 0, 10)
    with caplog.at_level(logging.ERROR):
        fold(ownership, 20, 5, position=10, held_from=17)
    partition = ownership.partitions[0]
    assert (partition.offset, partition.losses.records, ownership.lost_records) == (25, 7, 7)
    assert "partition 0: lost offsets 10 to 17 (7)" in caplog.text


def test_offsets_without_records_are_no_loss(caplog: pytest.LogCaptureFixture) -> None:
    ownership = owner(0)
    with caplog.at_level(logging.WARNING):
        fold(ownership, 20, 5, position=0)
    assert ownership.partitions[0].losses.records == ownership.lost_records == 0
    assert caplog.text == ""


@pytest.mark.usefixtures("no_exit")
def test_a_loss_while_rebuilding_ends_the_process_for_another_recovery() -> None:
    ownership = owner(0, producer=(producer := StubProducer()))
    fold(ownership, 0, 200)
    checkpoint(ownership)
    ownership.adopt({0: Holding(behind(without_a_unit(producer)))})
    assert ownership.rebuilding() == {0: 200}
    with pytest.raises(Ended, match="70"):
        fold(ownership, 100, 10, position=0, held_from=100)


def test_records_read_again_while_rebuilding_are_counted() -> None:
    ownership = owner(0, producer=(producer := StubProducer()))
    fold(ownership, 0, 200)
    checkpoint(ownership)
    assert ownership.replayed_records == 0
    ownership.adopt({0: Holding(behind(without_a_unit(producer)))})
    assert ownership.counted() == {0: 200}
    fold(ownership, 0, 150)
    assert ownership.rebuilding() == {0: 50}
    fold(ownership, 150, 100)
    assert ownership.replayed_records == 200
    assert ownership.rebuilding() == {}
    assert ownership.counted() == {0: 250}


def test_too_much_junk_is_refused_before_a_letter_is_sent() -> None:
    ownership = owner(0, producer=(producer := StubProducer()))
    with pytest.raises(Refusal):
        fold(ownership, 0, 1_000, value=JUNK)
    assert producer.sent == []


def test_junk_read_in_several_lives_is_refused_as_in_one() -> None:
    async def main() -> None:
        settings = replace(SETTINGS, max_dead_letters_in_a_row=100)
        ownership = owner(0, producer=(producer := StubProducer()), settings=settings)
        await ownership.fold(0, batch(ownership, 0, 60, value=JUNK))
        await ownership.checkpoint()
        later = owner(settings=settings)
        later.adopt({0: Holding(behind(rows_of(producer)))})
        assert later.partitions[0].offset == 60
        with pytest.raises(Refusal, match="100 in a row"):
            await later.fold(0, batch(later, 60, 40, value=JUNK))

    asyncio.run(main())


def test_nothing_is_written_when_nothing_was_folded() -> None:
    ownership = owner(0, 1, producer=(producer := StubProducer()))
    assert checkpoint(ownership) == {}
    assert producer.sent == []


def test_a_checkpoint_awaits_each_stage_of_all_partitions_before_the_next() -> None:
    async def main() -> None:
        ownership = owner(0, 1, producer=(producer := StubProducer(at_once=False)))
        for number in (0, 1):
            await ownership.fold(number, batch(ownership, 0, 100))
        writing = asyncio.create_task(ownership.checkpoint())
        await until_idle()
        first = names(producer)
        assert {name.partition("/")[0] for name in first} == {"0", "1"}
        assert "0/0/lifetime/0" in first
        assert "1/0/ids/0" in first
        assert not [name for name in first if name.endswith("/manifest")]
        producer.acknowledge()
        await until_idle()
        assert names(producer)[len(first) :] == ["0/0/manifest", "1/0/manifest"]
        assert not writing.done()
        assert ownership.unsaved() == {0: 0, 1: 0}
        producer.acknowledge()
        assert await writing == {0: 100, 1: 100}
        assert ownership.unsaved() == {}

    asyncio.run(main())


def test_what_is_folded_during_a_checkpoint_is_unsaved_afterwards() -> None:
    async def main() -> None:
        ownership = owner(0, producer=(producer := StubProducer(at_once=False)))
        await ownership.fold(0, batch(ownership, 0, 100))
        writing = asyncio.create_task(ownership.checkpoint())
        await until_idle()
        await ownership.fold(0, batch(ownership, 100, 50))
        while not writing.done():
            producer.acknowledge()
            await until_idle()
        assert await writing == {0: 100}
        assert ownership.unsaved() == {0: 100}
        manifest = next(value for key, value in producer.sent if key == "0/0/manifest")
        assert manifest is not None
        assert unseal(Manifest, manifest, "manifest").offset == 100

    asyncio.run(main())


def test_a_partition_that_is_rebuilt_is_not_safe_and_has_no_checkpoint() -> None:
    ownership = owner(0, producer=(producer := StubProducer()))
    fold(ownership, 0, 200)
    checkpoint(ownership)
    ownership.adopt({0: Holding(behind(without_a_unit(producer)))})
    ownership.checkpoint_at = {}
    assert checkpoint(ownership) == {}
    fold(ownership, 0, 150)
    written = len(producer.sent)
    assert checkpoint(ownership) == {}
    assert written < len(producer.sent)
    assert "0/0/manifest" not in names(producer)[written:]
    assert ownership.checkpoint_at == {}
    fold(ownership, 150, 60)
    assert checkpoint(ownership) == {0: 210}
    assert ownership.checkpoint_at.keys() == {0}


def test_the_checkpoint_of_an_idle_partition_is_as_new_as_that_of_a_busy_one() -> None:
    ownership = owner(0, 1)
    began = wall_clock()
    fold(ownership, 0, 100)
    assert checkpoint(ownership) == {0: 100}
    assert began <= ownership.checkpoint_at[0] == ownership.checkpoint_at[1]
    ownership.checkpoint_at = {}
    assert checkpoint(ownership) == {}
    assert ownership.checkpoint_at.keys() == {0, 1}


def test_rows_stand_in_the_lineage_of_their_partition() -> None:
    ownership = owner(producer=(producer := StubProducer()))
    ownership.adopt({0: Holding(new_partition(), 3), 1: Holding(new_partition())})
    fold(ownership, 0, 10)
    fold(ownership, 0, 10, number=1)
    checkpoint(ownership)
    assert {name.rpartition("/")[0] for name in names(producer) if "manifest" in name} == {
        "0/3",
        "1/0",
    }


def test_what_another_lineage_left_is_deleted_once_and_last() -> None:
    ownership = owner(producer=(producer := StubProducer()))
    ownership.adopt({0: Holding(new_partition(), 1, ["0/hour/1", "0/manifest"])})
    assert checkpoint(ownership) == {}
    assert producer.sent == []
    fold(ownership, 0, 10)
    checkpoint(ownership)
    assert names(producer)[-3:] == ["0/1/manifest", "-0/0/hour/1", "-0/0/manifest"]
    fold(ownership, 10, 10)
    checkpoint(ownership)
    assert names(producer).count("-0/0/manifest") == 1


def test_what_another_lineage_left_stays_until_a_checkpoint_is_safe() -> None:
    first = owner(0, producer=(producer := StubProducer()))
    fold(first, 0, 200)
    checkpoint(first)
    ownership = owner(producer=(later := StubProducer()))
    ownership.adopt({0: Holding(behind(without_a_unit(producer)), 0, ["old"])})
    fold(ownership, 0, 150)
    checkpoint(ownership)
    assert "-0/old" not in names(later)
    fold(ownership, 150, 50)
    checkpoint(ownership)
    assert "-0/old" in names(later)


@pytest.mark.usefixtures("no_exit")
def test_a_checkpoint_that_cannot_be_written_ends_the_process() -> None:
    class Refusing(StubProducer):
        async def send(self, *_: object, **__: object) -> asyncio.Future[None]:
            raise OSError("no")

    ownership = owner(0, producer=Refusing())
    fold(ownership, 0, 10)
    with pytest.raises(Ended, match="70"):
        checkpoint(ownership)
