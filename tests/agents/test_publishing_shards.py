"""Shards of persons are published beside the partitions, each under a name of its own."""

from __future__ import annotations

import asyncio
from functools import partial

import msgspec
import numpy as np
import pytest

from agents.changelog import Changelog
from agents.dead_letters import DeadLetterOffice
from agents.ownership import Holding, Ownership
from agents.publishing import ShardPublishing
from exporters.keys import Keys, Source, shard_part, state_name
from exporters.snapshot_store import Snapshot, SnapshotReader
from streams.persons.facts import Facts, Message, Section, StoredFacts
from streams.persons.names import ACTIVE
from streams.persons.recovery import recover
from streams.persons.shard import Shard
from streams.published import Progress
from tests.agents.deployment import Deployment, PublishingWorker
from tests.agents.made_up import GENERATION, SETTINGS, TIME, StubProducer, app_of, table
from tidegauge.embedded import EmbeddedRedis

SHARDS = 2
SOURCE = Source.of(SETTINGS.folding, GENERATION, "events", 1, SHARDS)


def heard(*persons: int, begin: int = 0, caught_up_at: int = TIME) -> Message:
    """Persons who were active at a time, of the only partition of the source."""
    here = np.array(persons, np.int64)
    facts = StoredFacts.of(Facts(ACTIVE, "", here, np.full(len(here), TIME)))
    end = begin + len(persons)
    told = Section(0, begin, end, TIME, 0, [facts], caught_up_at, caught_up_at)
    return Message(GENERATION, 0, 1, [told])


class Keeper(PublishingWorker):
    """Owns shards."""

    def __init__(self, url: str, prefix: str, *numbers: int, lineage: int = 0) -> None:
        app = app_of(StubProducer())
        calendar, settings = SETTINGS.folding.calendar, SETTINGS.of_persons()
        self.ownership: Ownership[Shard] = Ownership(
            partial(recover, calendar),
            GENERATION,
            Changelog(app, table(), settings),
            DeadLetterOffice(app, settings),
        )
        self.ownership.adopt({n: Holding(Shard(calendar, GENERATION), lineage) for n in numbers})
        super().__init__(ShardPublishing, SOURCE, settings, self.ownership, url, prefix)

    def caught_up_at(self, number: int, offset: int) -> tuple[int, int]:
        del number
        return 0, offset + 3  # what it has not heard yet does not matter: sections tell the time

    def take(self, number: int, message: Message) -> None:
        """Let a shard hear something."""
        shard = self.ownership.partitions[number]
        shard.take(message, TIME)
        shard.offset += 1


class Shards(Deployment[Keeper]):
    """Where shards are published."""

    def keeper(self, *numbers: int, lineage: int = 0) -> Keeper:
        return self.admit(Keeper(self.url, self.prefix, *numbers, lineage=lineage))

    async def progress(self, number: int) -> Progress | None:
        """How far a shard is published."""
        return await self.progress_of(GENERATION, shard_part(number))

    async def read(self) -> Snapshot:
        """What an exporter has of it."""
        reader = SnapshotReader(self.url, self.prefix, SETTINGS.folding, stale_after_seconds=1e12)
        try:
            return await reader.read()
        finally:
            await reader.close()


def test_shards_are_parts_of_their_own_and_the_partition_of_their_number_is_another(
    embedded_redis: EmbeddedRedis,
) -> None:
    async def main() -> None:
        async with Shards(embedded_redis.url) as here:
            keeper = here.keeper(0, 1)
            keeper.take(0, heard(2, 4, 6))
            keeper.take(1, heard(1, 3))
            await keeper.publish()
            for number in (0, 1):
                told = await here.progress(number)
                assert told is not None
                assert (told.partition, told.offset, told.end_offset) == (number, 1, 4)
                assert (told.caught_up_at, told.watermark) == (TIME, TIME)
            assert not await here.redis.exists(Keys(here.prefix).partition(GENERATION, 0).units)
            await here.say_source(SOURCE)
            found = await here.read()
            assert found.problems == ["partition 0 is missing: no worker has published it"]
            (day,) = SETTINGS.folding.calendar.days_back(TIME, 1)
            sheets = [found.shards[number].units[day].state for number in (0, 1)]
            assert [sheet[ACTIVE]["1",] for sheet in sheets] == [3, 2]

    asyncio.run(main())


def test_a_shard_is_not_published_before_it_has_heard_of_every_partition(
    embedded_redis: EmbeddedRedis,
) -> None:
    async def main() -> None:
        async with Shards(embedded_redis.url) as here:
            keeper = here.keeper(0, 1)
            keeper.take(0, heard(2))
            keeper.take(1, msgspec.structs.replace(heard(1), partitions=2))
            await keeper.publish()
            assert await here.progress(0) is not None
            assert await here.progress(1) is None
            await here.say_source(SOURCE)
            told = (await here.read()).problems
            assert "has not heard of every partition yet" in told[1]

    asyncio.run(main())


def test_who_takes_a_shard_over_goes_on_publishing_it(embedded_redis: EmbeddedRedis) -> None:
    async def main() -> None:
        async with Shards(embedded_redis.url) as here:
            first, second = here.keeper(0), here.keeper(0)
            first.take(0, heard(2, 4))
            await first.publish()
            for message in (heard(2, 4), heard(6, begin=2, caught_up_at=TIME + 1_000)):
                second.take(0, message)
            await second.publish()
            told = await here.progress(0)
            assert told is not None
            assert (told.offset, told.caught_up_at) == (2, TIME + 1_000)
            await first.publish()  # it has not noticed yet, and is behind
            assert await here.progress(0) == told
            assert first.publisher.publications["refused"] == 1

    asyncio.run(main())


def test_keepers_announce_nothing_and_follow_a_later_history(
    embedded_redis: EmbeddedRedis,
) -> None:
    async def main() -> None:
        async with Shards(embedded_redis.url) as here:
            keeper = here.keeper(0)
            await keeper.publish()
            assert not await here.redis.exists(Keys(here.prefix).source)
            await here.say_source(
                msgspec.structs.replace(SOURCE, generation=state_name(GENERATION, 1))
            )
            await keeper.publish()
            await keeper.publish()
            assert keeper.recoveries == 1
            later = here.keeper(0, lineage=1)
            await here.say_source(SOURCE)
            await later.publish()  # who folds the source says it again
            assert later.recoveries == 0
            assert await here.source() == SOURCE

    asyncio.run(main())


def test_shards_of_an_earlier_history_than_counts_are_told_of_once_with_what_helps(
    embedded_redis: EmbeddedRedis, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with Shards(embedded_redis.url) as here:
            keeper = here.keeper(0)
            await here.say_source(
                msgspec.structs.replace(SOURCE, generation=state_name(GENERATION, 1))
            )
            for _ in range(4):  # the first time it reads its state again, which is still the same
                await keeper.publish()
            assert keeper.recoveries == 1

    asyncio.run(main())
    (told,) = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert "'tidegauge-persons-changelog' holds an earlier one" in told
    assert "run `tidegauge replay`" in told
