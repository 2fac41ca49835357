"""What of a worker's partitions is published, under which name, and how it follows a replay."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from agents.ownership import Holding
from agents.publishing import Publishing
from exporters.keys import Keys, Source, lineage_of, state_name
from exporters.snapshot_store import wall_clock
from streams.panes import HOUR
from streams.recovery import recover
from streams.rows import Rows
from tests.agents.deployment import Deployment, PublishingWorker
from tests.agents.made_up import (
    GENERATION,
    SETTINGS,
    TIME,
    StubProducer,
    batch,
    new_partition,
    owner,
)
from tidegauge.embedded import EmbeddedRedis

SOURCE = Source.of(SETTINGS.folding, GENERATION, "events", 2)
SECOND_STATE = f"{GENERATION}.1"


class Worker(PublishingWorker):
    """Owns partitions of a source of two, all read to their end."""

    def __init__(self, url: str, prefix: str, lineages: dict[int, int]) -> None:
        self.ownership = owner()
        self.ownership.adopt({n: Holding(new_partition(), line) for n, line in lineages.items()})
        super().__init__(Publishing, SOURCE, SETTINGS, self.ownership, url, prefix)
        self.reached_end_at, self.left = TIME, 0

    def caught_up_at(self, number: int, offset: int) -> tuple[int, int]:
        del number
        return self.reached_end_at, offset + self.left

    def fall_behind(self) -> None:
        """Let there be more to read than was read."""
        self.reached_end_at, self.left = 0, 1

    async def fold(self, number: int, first: int, count: int) -> None:
        await self.ownership.fold(number, batch(self.ownership, first, count))


class Partitions(Deployment[Worker]):
    """Where partitions are published."""

    def worker(self, lineages: dict[int, int]) -> Worker:
        return self.admit(Worker(self.url, self.prefix, lineages))

    async def say(self, state: str) -> None:
        """Say, as somebody else, what is published."""
        await self.say_source(msgspec.structs.replace(SOURCE, generation=state))

    async def announced(self) -> str:
        return (await self.source()).generation

    async def offset(self, state: str, number: int) -> int | None:
        """How far a partition is published."""
        progress = await self.progress_of(state, number)
        return None if progress is None else progress.offset

    async def reached_end_at(self, number: int) -> int | None:
        """When the end of a partition was reached, as it is published."""
        progress = await self.progress_of(GENERATION, number)
        return None if progress is None else progress.caught_up_at


@pytest.mark.parametrize(
    ("lineage", "name"), [(0, GENERATION), (1, SECOND_STATE), (17, f"{GENERATION}.17")]
)
def test_a_state_is_named_by_its_generation_and_its_lineage(lineage: int, name: str) -> None:
    assert state_name(GENERATION, lineage) == name
    assert lineage_of(name) == lineage


@pytest.mark.parametrize("name", [f"{GENERATION}.x", f"{GENERATION}.1.2"])
def test_what_is_not_the_name_of_a_state_has_no_lineage(name: str) -> None:
    assert lineage_of(name) is None


def test_partitions_are_published_under_the_name_of_their_state(
    embedded_redis: EmbeddedRedis,
) -> None:
    async def main() -> None:
        async with Partitions(embedded_redis.url) as here:
            worker = here.worker({0: 1, 1: 0})
            await worker.fold(0, 0, 10)
            await worker.fold(1, 0, 20)
            await worker.publish()
            assert await here.offset(SECOND_STATE, 0) == 10
            assert await here.offset(GENERATION, 1) == 20
            assert await here.offset(GENERATION, 0) is None
            assert await here.announced() == SECOND_STATE

    asyncio.run(main())


def test_a_partition_that_is_rebuilt_leaves_redis_as_it_is(embedded_redis: EmbeddedRedis) -> None:
    async def main() -> None:
        producer = StubProducer()
        before = owner(0, producer=producer)
        await before.fold(0, batch(before, 0, 200))
        await before.checkpoint()
        rows = Rows()
        for key, value in producer.sent:
            if "/hour/" not in key:
                rows.take(key.removeprefix("0/"), value)
        rebuilt = recover(SETTINGS.folding, rows, 0, GENERATION).partition
        async with Partitions(embedded_redis.url) as here:
            first = here.worker({0: 0})
            await first.fold(0, 0, 200)
            await first.publish()
            second = here.worker({})
            second.ownership.adopt({0: Holding(rebuilt), 1: Holding(new_partition())})
            await second.fold(0, 0, 150)
            await second.fold(1, 0, 30)
            await second.publish()
            assert await here.offset(GENERATION, 1) == 30
            assert await here.offset(GENERATION, 0) == 200
            assert second.publisher.publications["refused"] == 0  # it did not even try
            await second.fold(0, 150, 70)
            await second.publish()
            assert await here.offset(GENERATION, 0) == 220

    asyncio.run(main())


def test_who_takes_over_does_not_fall_behind_the_moment_the_end_was_reached(
    embedded_redis: EmbeddedRedis,
) -> None:
    # On a quiet topic, whose watermark is hours old, all numbers moved back there for a moment.
    async def main() -> None:
        now = wall_clock()
        async with Partitions(embedded_redis.url) as here:
            first = here.worker({0: 0})
            first.reached_end_at = now - HOUR
            await first.fold(0, 0, 200)
            await first.publish()
            second = here.worker({0: 0})
            second.fall_behind()
            await second.fold(0, 0, 200)
            for _ in range(2):  # whole, then what changed
                await second.publish()
                assert await here.reached_end_at(0) == now - HOUR
            second.reached_end_at, second.left = now, 0
            await second.publish()
            assert await here.reached_end_at(0) == now

    asyncio.run(main())


def test_an_end_that_was_reached_by_a_clock_that_is_ahead_is_not_taken_over(
    embedded_redis: EmbeddedRedis,
) -> None:
    async def main() -> None:
        async with Partitions(embedded_redis.url) as here:
            first, second = here.worker({0: 0}), here.worker({0: 0})
            first.reached_end_at = wall_clock() + HOUR
            await first.fold(0, 0, 200)
            await first.publish()
            second.fall_behind()
            await second.fold(0, 0, 200)
            await second.publish()
            assert await here.reached_end_at(0) == 0

    asyncio.run(main())


def test_what_cannot_be_read_of_who_published_before_is_written_over(
    embedded_redis: EmbeddedRedis,
) -> None:
    async def main() -> None:
        async with Partitions(embedded_redis.url) as here:
            keys = Keys(here.prefix).partition(GENERATION, 0)
            await here.redis.hset(keys.units, mapping={"offset": 100, "progress": b"\x00 damaged"})
            worker = here.worker({0: 0})
            await worker.fold(0, 0, 200)
            await worker.publish()
            assert await here.reached_end_at(0) == TIME

    asyncio.run(main())


def test_an_end_that_was_reached_further_on_is_not_taken_over(
    embedded_redis: EmbeddedRedis,
) -> None:
    async def main() -> None:
        async with Partitions(embedded_redis.url) as here:
            first, second = here.worker({0: 0}), here.worker({0: 0})
            await first.fold(0, 0, 200)
            await first.publish()
            second.fall_behind()
            await second.fold(0, 0, 150)
            await second.publish()
            assert second.publisher.publications["refused"] == 1
            await here.redis.flushdb()
            for _ in range(2):  # asked for what it left there, then whole
                await second.publish()
            assert await here.offset(GENERATION, 0) == 150
            assert await here.reached_end_at(0) == 0

    asyncio.run(main())


def test_a_worker_that_owns_nothing_says_nothing(embedded_redis: EmbeddedRedis) -> None:
    async def main() -> None:
        async with Partitions(embedded_redis.url) as here:
            await here.say("another")
            await here.worker({}).publish()
            assert await here.announced() == "another"

    asyncio.run(main())


def test_the_state_is_read_again_once_when_a_later_history_counts(
    embedded_redis: EmbeddedRedis,
) -> None:
    async def main() -> None:
        async with Partitions(embedded_redis.url) as here:
            worker = here.worker({0: 0, 1: 0})
            await worker.publish()
            assert worker.recoveries == 0
            await here.say(SECOND_STATE)
            for _ in range(3):
                await worker.publish()
            assert worker.recoveries == 1
            assert await here.announced() == SECOND_STATE
            worker.ownership.adopt({0: Holding(new_partition(), 1), 1: Holding(new_partition(), 1)})
            await worker.publish()
            assert worker.recoveries == 1
            await here.say(f"{GENERATION}.2")
            await worker.publish()
            assert worker.recoveries == 2

    asyncio.run(main())


def test_a_later_history_is_noticed_too_by_who_has_just_spoken_over_it(
    embedded_redis: EmbeddedRedis,
) -> None:
    async def main() -> None:
        async with Partitions(embedded_redis.url) as here:
            await here.say(SECOND_STATE)
            worker = here.worker({0: 0})
            await worker.publishing.publish_once()  # announces what it recovered before
            assert worker.recoveries == 1

    asyncio.run(main())


def test_who_knows_the_later_history_says_so_again(embedded_redis: EmbeddedRedis) -> None:
    async def main() -> None:
        async with Partitions(embedded_redis.url) as here:
            worker = here.worker({0: 1})
            await worker.publish()
            await here.say(GENERATION)  # one that recovered too early
            await worker.publish()
            assert await here.announced() == SECOND_STATE
            assert worker.recoveries == 0

    asyncio.run(main())


def test_a_later_lineage_with_other_settings_is_looked_at_too(
    embedded_redis: EmbeddedRedis,
) -> None:
    # its recovery then refuses: the state was replayed under other settings
    async def main() -> None:
        async with Partitions(embedded_redis.url) as here:
            worker = here.worker({0: 0})
            await worker.publish()
            await here.say("another.7")
            await worker.publish()
            assert worker.recoveries == 1

    asyncio.run(main())


@pytest.mark.parametrize("state", ["another", f"{GENERATION}.x"])
def test_what_others_publish_of_another_generation_is_theirs(
    state: str, embedded_redis: EmbeddedRedis
) -> None:
    async def main() -> None:
        async with Partitions(embedded_redis.url) as here:
            worker = here.worker({0: 0})
            await worker.publish()
            await here.say(state)
            await worker.publish()
            assert worker.recoveries == 0
            assert await here.announced() == state

    asyncio.run(main())


def test_a_source_record_that_cannot_be_read_is_no_reason_for_anything(
    embedded_redis: EmbeddedRedis,
) -> None:
    async def main() -> None:
        async with Partitions(embedded_redis.url) as here:
            worker = here.worker({0: 0})
            await worker.publish()
            await here.redis.set(Keys(here.prefix).source, b"\x00 damaged")
            await worker.publish()
            assert (worker.recoveries, worker.publisher.last_error) == (0, None)

    asyncio.run(main())


def test_without_redis_nothing_is_followed_and_nothing_fails() -> None:
    async def main() -> None:
        worker = Worker("redis://127.0.0.1:1", "away", {0: 0})
        for _ in range(3):
            await worker.publish()
        assert worker.publisher.last_error is not None
        assert worker.recoveries == 0
        await worker.publisher.close()

    asyncio.run(main())
