"""Reading goes on just where the state stands: no record twice, none passed over in silence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import entry_points
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
from aiokafka.errors import IllegalStateError, KafkaTimeoutError
from faust.types.tuples import TP

from agents.app import WorkerApp, create_app
from agents.batch import Batch
from agents.chunks import Chunk
from agents.ownership import Holding
from agents.recovering import Advance
from agents.source_log import SourceLog
from agents.transport import Consumer, Transport
from exporters.snapshot_store import wall_clock
from streams.partition import Partition
from tests.agents.made_up import GENERATION, SETTINGS, new_partition, until_idle

EVENTS = TP(SETTINGS.topic, 0)
T = TypeVar("T")
LATER = 10_000
"""Milliseconds after the recovery."""


class Log:
    """Stands in for aiokafka's consumer: one partition, as its broker describes it."""

    def __init__(self, beginning: int = 0, end: int = 1_000) -> None:
        self.beginning = beginning
        self.end: int | None = end
        self.listed: int | None = end
        self.polled_at: int | None = wall_clock() + LATER
        self.asked = 0
        self.commits: list[Mapping[Any, int]] = []
        self.error: Exception | None = None
        self.before_answer: Callable[[], Any] = lambda: None

    async def beginning_offsets(self, partitions: Any) -> dict[Any, int]:
        return await self._answer(dict.fromkeys(partitions, self.beginning))

    async def end_offsets(self, partitions: Any) -> dict[Any, Any]:
        return await self._answer(dict.fromkeys(partitions, self.listed))

    async def commit(self, offsets: Mapping[Any, int]) -> None:
        self.commits.append(await self._answer(offsets))

    async def _answer(self, found: T) -> T:
        self.asked += 1
        self.before_answer()
        if self.error is not None:
            raise self.error
        return found

    def highwater(self, partition: Any) -> int | None:
        assert partition == EVENTS, "Partition is not assigned"
        return self.end

    def last_poll_timestamp(self, partition: Any) -> int | None:
        assert partition == EVENTS, "Partition is not assigned"
        return self.polled_at


class Thread:
    """Stands in for the consumer's thread: hands out chunks, and knows where it was sent."""

    def __init__(self, log: Log) -> None:
        self.thread_loop = asyncio.get_running_loop()
        self._consumer = log
        self.seeks: list[tuple[TP, int]] = []
        self.chunks: list[dict[TP, Chunk]] = []
        self.fetches = 0
        self.stayed = 0
        self.assigned = {EVENTS}

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        if not partitions.keys() <= self.assigned:
            raise IllegalStateError
        self.seeks += partitions.items()

    async def getmany(self, *_: Any) -> dict[TP, Chunk]:
        self.fetches += 1
        return self.chunks.pop(0) if self.chunks else {}

    def stay_in_group(self) -> None:
        self.stayed += 1

    def assignment(self) -> set[TP]:
        return self.assigned


class Reader:
    """The app's own consumer, over a made-up log."""

    def __init__(self, app: WorkerApp, log: Log) -> None:
        self.app, self.log = app, log
        self.consumer: Any = app.consumer
        self.consumer._thread.thread_loop.close()  # of a thread that never starts
        self.thread = self.consumer._thread = Thread(log)
        self.consumer.source_log._thread = self.thread
        self.consumer._active_partitions = {EVENTS}

    def own(self, offset: int) -> None:
        """Recover the partition there."""
        self.app.ownership.adopt({0: Holding(new_partition(offset))})
        self.consumer._expected = {EVENTS: offset}

    async def read(self, *chunks: Chunk) -> list[Batch]:
        """What is handed out of these, fetched one after the other."""
        self.thread.chunks = [{EVENTS: chunk} for chunk in chunks]
        found = []
        while self.thread.chunks:
            found += [message.value async for _, message in self.consumer.getmany(1.0)]
        return found


@asynccontextmanager
async def reading(offset: int | None = 10, **log: int) -> AsyncIterator[Reader]:
    reader = Reader(create_app(SETTINGS, 1, GENERATION), Log(**log))
    if offset is not None:
        reader.own(offset)
    yield reader
    reader.app.ownership.drop()
    await until_idle()


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(test)


def chunk(start: int, *offsets: int, end: int | None = None) -> Chunk:
    """A chunk that ends behind its last record, if nothing else is said."""
    reached = end if end is not None else offsets[-1] + 1
    records = [SimpleNamespace(offset=offset, timestamp=0) for offset in offsets]
    return Chunk(start, records, reached)


def offsets(batch: Batch) -> list[int]:
    return [record.offset for record in batch.records]


def test_a_chunk_goes_on_where_the_last_one_ended() -> None:
    async def main() -> None:
        async with reading(10) as reader:
            first, second = await reader.read(chunk(10, 10, 11), chunk(12, 12, 13, end=15))
            epoch = reader.app.ownership.epoch
            assert (first.epoch, first.position, offsets(first), first.end) == (
                *(epoch, 10),
                *([10, 11], 12),
            )
            assert (second.position, offsets(second), second.end) == (12, [12, 13], 15)
            assert first.held_from == 10
            assert second.held_from == 12
            assert reader.thread.seeks == []
            assert reader.log.asked == 0

    run(main())


def test_a_chunk_without_records_is_handed_out_too() -> None:
    async def main() -> None:
        async with reading(10) as reader:
            (batch,) = await reader.read(chunk(10, end=13))
            assert (batch.position, batch.records, batch.end) == (10, [], 13)
            assert batch.held_from == 10

    run(main())


def test_nothing_is_fetched_before_recovery_and_the_group_is_not_left() -> None:
    async def main() -> None:
        async with reading(None) as reader:
            assert [message async for message in reader.consumer.getmany(1.0)] == []
            assert (reader.thread.fetches, reader.thread.stayed) == (0, 1)

    run(main())


def test_a_chunk_that_starts_elsewhere_is_read_again_from_where_the_state_stands() -> None:
    async def main() -> None:
        async with reading(10) as reader:
            lost = [chunk(20, 20, 21), chunk(22, 22)]  # the one before them was dropped
            assert await reader.read(*lost) == []
            assert reader.thread.seeks == [(EVENTS, 10), (EVENTS, 10)]
            (batch,) = await reader.read(chunk(10, *range(10, 22)))
            assert offsets(batch) == [*range(10, 22)]

    run(main())


def test_a_chunk_that_faust_dropped_is_noticed_with_the_next_one() -> None:
    async def main() -> None:
        async with reading(10) as reader:
            reader.consumer.flow_active = False
            reader.consumer.can_resume_flow.set()
            assert await reader.read(chunk(10, 10, 11)) == []
            reader.consumer.flow_active = True
            assert await reader.read(chunk(12, 12, 13)) == []
            assert reader.thread.seeks == [(EVENTS, 10)]

    run(main())


def test_a_partition_that_was_taken_away_before_it_could_be_read_again_is_no_error() -> None:
    async def main() -> None:
        async with reading(10) as reader:
            reader.thread.assigned = set()
            assert await reader.read(chunk(20, 20)) == []

    run(main())


def test_offsets_without_records_within_the_log_are_no_loss() -> None:
    async def main() -> None:
        async with reading(10, beginning=10) as reader:
            (batch,) = await reader.read(chunk(10, 20, 21))
            assert (batch.position, batch.held_from, offsets(batch)) == (10, 10, [20, 21])
            assert reader.log.asked == 1

    run(main())


@pytest.mark.parametrize(("beginning", "held_from"), [(15, 15), (20, 20), (25, 20)])
def test_what_the_log_does_not_hold_any_more_is_loss(beginning: int, held_from: int) -> None:
    async def main() -> None:
        async with reading(10, beginning=beginning) as reader:
            (batch,) = await reader.read(chunk(10, 20, 21))
            assert (batch.position, batch.held_from) == (10, held_from)

    run(main())


def test_a_log_of_which_all_is_gone_is_loss_without_records() -> None:
    async def main() -> None:
        async with reading(10, beginning=500, end=500) as reader:
            (batch,) = await reader.read(chunk(10, end=500))
            assert (batch.held_from, batch.records, batch.end) == (500, [], 500)

    run(main())


def test_a_hole_is_not_believed_while_nobody_says_where_the_log_begins() -> None:
    async def main() -> None:
        async with reading(10, beginning=15) as reader:
            reader.log.error = KafkaTimeoutError()
            assert await reader.read(chunk(10, 20)) == []
            assert reader.thread.seeks == [(EVENTS, 10)]
            reader.log.error = None
            (batch,) = await reader.read(chunk(10, 20))
            assert batch.held_from == 15

    run(main())


def test_what_is_fetched_while_the_partition_goes_is_not_handed_out() -> None:
    async def main() -> None:
        async with reading(10) as reader:
            reader.log.before_answer = reader.app.ownership.drop
            assert await reader.read(chunk(10, 20)) == []

    run(main())


@pytest.mark.parametrize("found", [chunk(100, 0, 1), chunk(100, *range(200)), chunk(100, end=40)])
def test_a_log_that_ended_before_the_state_is_refused(found: Chunk) -> None:
    async def main() -> None:
        async with reading(100) as reader:
            assert await reader.read(found) == []
            refusal = reader.app.refusal or ""
            assert "counted up to offset 100" in refusal
            assert "made anew or lost its end" in refusal
            assert "`tidegauge replay`" in refusal
            assert reader.app.ownership.partitions == {}

    run(main())


def test_a_partition_is_caught_up_when_its_end_is_folded() -> None:
    async def main() -> None:
        async with reading(10, end=1_000) as reader:
            at = reader.log.polled_at
            assert reader.consumer.source_log.caught_up_at(0, 1_000) == (at, 1_000)
            assert reader.consumer.source_log.caught_up_at(0, 999) == (0, 1_000)
            assert reader.consumer.source_log.caught_up_at(0, 1_001) is None  # that is another log
            assert reader.consumer.source_log.caught_up_at(1, 1_000) is None
            reader.log.polled_at = None
            assert reader.consumer.source_log.caught_up_at(0, 1_000) is None

    run(main())


def source_log(log: Log) -> SourceLog:
    """Over a made-up log, without an app."""
    return SourceLog(SETTINGS.topic, SimpleNamespace(_consumer=log))


@pytest.mark.parametrize("behind", [1, 250, 500])
def test_a_partition_that_is_always_a_bit_behind_is_caught_up_with_its_end_of_a_while_before(
    behind: int,
) -> None:
    log, before = Log(), 0
    source = source_log(log)
    for poll in range(200):
        log.polled_at, log.end = 1_000_000 + 100 * poll, 1_000 + 500 * poll
        assert source.caught_up_at(0, log.end - behind) == (before, log.end)
        before = log.polled_at


def test_a_partition_that_falls_behind_was_caught_up_at_the_last_end_that_is_folded() -> None:
    log, at = Log(), 1_000_000
    caught_up_at = source_log(log).caught_up_at
    for seconds in range(5):
        log.polled_at, log.end = at + 1_000 * seconds, 1_000 + 100 * seconds
        caught_up_at(0, 1_000)
    assert caught_up_at(0, 1_099) == (at, 1_400)
    assert caught_up_at(0, 1_399) == (at + 3_000, 1_400)
    assert caught_up_at(0, 999) == (0, 1_400)


def test_a_clock_that_was_set_back_is_believed_with_the_next_poll() -> None:
    log = Log()
    caught_up_at = source_log(log).caught_up_at
    for polled_at in (5_000_000, 1_400_000):
        log.polled_at = polled_at
        assert caught_up_at(0, 1_000) == (polled_at, 1_000)


def test_asking_often_between_two_polls_forgets_no_end() -> None:
    log = Log()
    caught_up_at = source_log(log).caught_up_at
    log.polled_at = 1_000_000
    caught_up_at(0, 1_000)
    log.polled_at, log.end = 1_000_100, 1_500
    for _ in range(1_000):
        assert caught_up_at(0, 1_200) == (1_000_000, 1_500)


def test_an_end_before_the_state_is_refused_once_it_was_fetched_and_listed() -> None:
    async def main() -> None:
        async with reading(100, end=60) as reader:
            await reader.consumer.check_ends()
            refusal = reader.app.refusal or ""
            assert "ends at offset 60, but is counted up to offset 100" in refusal
            assert "`tidegauge replay`" in refusal

    run(main())


@pytest.mark.parametrize(
    "change",
    [
        {"listed": 100},  # a new leader did not know the end yet
        {"error": KafkaTimeoutError()},
        {"polled_at": None},
        {"polled_at": 1},  # fetched before the recovery, by another's reading
        {"end": 100, "listed": 60},  # a broker that lists wrong ends
        {"end": None},
    ],
    ids=str,
)
def test_an_end_that_is_only_said_to_be_before_the_state_is_not_believed(
    change: dict[str, Any],
) -> None:
    async def main() -> None:
        async with reading(100, end=60) as reader:
            for name, value in change.items():
                setattr(reader.log, name, value)
            await reader.consumer.check_ends()
            assert reader.app.refusal is None

    run(main())


def test_an_answer_that_comes_after_the_partition_went_refuses_nothing() -> None:
    async def main() -> None:
        async with reading(100, end=60) as reader:
            reader.log.before_answer = reader.app.ownership.drop
            await reader.consumer.check_ends()
            assert reader.app.refusal is None

    run(main())


def test_a_recovery_begins_without_holding_up_faust_and_ends_with_reading_on() -> None:
    async def main() -> None:
        async with reading(None, beginning=3) as reader:
            ownership, go_on = reader.app.ownership, asyncio.Event()

            async def recover(
                beginnings: Mapping[int, int], _: Advance
            ) -> dict[int, Holding[Partition]]:
                await go_on.wait()
                return {
                    number: Holding(new_partition(start)) for number, start in beginnings.items()
                }

            ownership.recover = recover  # type: ignore[method-assign, assignment]
            await reader.consumer.perform_seek()
            await until_idle()
            assert (ownership.recovering.is_running, ownership.recovered) == (True, False)
            go_on.set()
            await until_idle()
            assert ownership.recovered
            assert reader.thread.seeks == [(EVENTS, 3)]
            (batch,) = await reader.read(chunk(3, 3, 4))
            assert batch.epoch == ownership.epoch

    run(main())


def test_a_recovery_is_given_up_when_its_partitions_go() -> None:
    async def main() -> None:
        async with reading(None) as reader:
            ownership, go_on = reader.app.ownership, asyncio.Event()

            async def recover(
                beginnings: Mapping[int, int], _: Advance
            ) -> dict[int, Holding[Partition]]:
                await go_on.wait()
                return {number: Holding(new_partition()) for number in beginnings}

            ownership.recover = recover  # type: ignore[method-assign, assignment]
            await reader.consumer.perform_seek()
            await until_idle()
            reader.thread.assigned = set()
            await reader.consumer.on_partitions_revoked({EVENTS})
            go_on.set()
            await until_idle()
            assert (ownership.partitions, ownership.recovered) == ({}, False)
            assert reader.thread.seeks == []

    run(main())


def test_a_recovery_that_ends_just_when_its_partitions_go_is_void() -> None:
    async def main() -> None:
        async with reading(None) as reader:
            ownership, go_on = reader.app.ownership, asyncio.Event()

            async def recover(
                beginnings: Mapping[int, int], _: Advance
            ) -> dict[int, Holding[Partition]]:
                await go_on.wait()
                return {number: Holding(new_partition()) for number in beginnings}

            ownership.recover = recover  # type: ignore[method-assign, assignment]
            await reader.consumer.perform_seek()
            await until_idle()
            go_on.set()
            ownership.drop()
            await until_idle()
            assert (ownership.partitions, ownership.recovered) == ({}, False)

    run(main())


def test_a_state_that_is_recovered_again_is_let_go_at_once() -> None:
    async def main() -> None:
        async with reading(10) as reader:
            ownership = reader.app.ownership

            async def recover(
                beginnings: Mapping[int, int], _: Advance
            ) -> dict[int, Holding[Partition]]:
                return {number: Holding(new_partition(), 1) for number in beginnings}

            ownership.recover = recover  # type: ignore[method-assign, assignment]
            assert reader.consumer.recover_again()
            assert ownership.partitions == {}
            assert not reader.consumer.recover_again()  # it is on its way
            await until_idle()
            assert ownership.lineages == {0: 1}
            reader.app.rebalancing = True
            assert not reader.consumer.recover_again()  # it will be anyway
            reader.app.rebalancing = False

    run(main())


def test_group_offsets_are_told_and_nothing_depends_on_them() -> None:
    async def main() -> None:
        async with reading(10) as reader:
            for error in (None, KafkaTimeoutError(), OSError("gone"), RuntimeError("closed")):
                reader.log.error = error
                await reader.consumer._advise_group({0: 17})
            assert [list(offsets.items()) for offsets in reader.log.commits] == [[(EVENTS, 17)]]
            reader.thread._consumer = None  # type: ignore[assignment]
            await reader.consumer._advise_group({0: 17})

    run(main())


def test_faust_finds_the_transport_under_its_name() -> None:
    (entry,) = entry_points(group="faust.transports", name="tidegauge")
    assert entry.load() is Transport
    assert Transport.Consumer is Consumer
