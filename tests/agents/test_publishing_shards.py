"""Shards of persons are published beside the partitions, each under a name of its own."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest
from redis.asyncio import Redis

from agents.changelog import Changelog
from agents.dead_letters import DeadLetterOffice
from agents.ownership import Holding, Ownership
from agents.publishing import ShardPublishing
from exporters.keys import Keys, Source, shard_part, state_name
from exporters.publisher import SnapshotPublisher
from exporters.snapshot_store import Snapshot, SnapshotReader
from streams.persons.facts import Facts, Message, Section, StoredFacts
from streams.persons.names import ACTIVE
from streams.persons.recovery import recover
from streams.persons.shard import Shard
from streams.published import Progress
from streams.unit import seal, unseal
from tests.agents.made_up import GENERATION, SETTINGS, TIME, StubProducer, app_of, table
from tidegauge.embedded import EmbeddedRedis

NUMBERS = itertools.count(1)
SHARDS = 2
SOURCE = Source.of(SETTINGS.folding, GENERATION, "events", 1, SHARDS)


def heard(*persons: int, begin: int = 0, caught_up_at: int = TIME) -> Message:
    """Persons who were active at a time, of the only partition of the source."""
    here = np.array(persons, np.int64)
    facts = StoredFacts.of(Facts(ACTIVE, "", here, np.full(len(here), TIME)))
    end = begin + len(persons)
    told = Section(0, begin, end, TIME, 0, [facts], caught_up_at, caught_up_at)
    return Message(GENERATION, 0, 1, [told])


class Keeper:
    """The publishing of the shards of a worker whose consumer knows no Kafka."""

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
        self.source_log, self.recoveries = self, 0
        app = SimpleNamespace(
            generation=GENERATION, settings=settings, ownership=self.ownership, consumer=self
        )
        self.publisher = SnapshotPublisher(url, prefix, GENERATION)
        self.publishing = ShardPublishing(app, self.publisher, SOURCE)

    def caught_up_at(self, number: int, offset: int) -> tuple[int, int]:
        del number
        return 0, offset + 3  # what it has not heard yet does not matter: sections tell the time

    def recover_again(self) -> bool:
        self.recoveries += 1
        return True

    def take(self, number: int, message: Message) -> None:
        """Let a shard hear something."""
        shard = self.ownership.partitions[number]
        shard.take(message, TIME)
        shard.offset += 1

    async def publish(self) -> None:
        """Publish, and ask Redis what others say."""
        self.publishing._look_at = 0
        await self.publishing.publish_once()


class Deployment:
    """A prefix of its own in a Redis."""

    def __init__(self, url: str) -> None:
        self._url, self.prefix = url, f"shards-{next(NUMBERS)}"
        self.redis = Redis.from_url(url)
        self.keepers: list[Keeper] = []

    def keeper(self, *numbers: int, lineage: int = 0) -> Keeper:
        self.keepers.append(Keeper(self._url, self.prefix, *numbers, lineage=lineage))
        return self.keepers[-1]

    async def progress(self, number: int, state: str = GENERATION) -> Progress | None:
        """How far a shard is published."""
        key = Keys(self.prefix).partition(state, shard_part(number)).units
        raw: Any = await self.redis.hget(key, "progress")
        return None if raw is None else unseal(Progress, raw)

    async def say(self, source: Source) -> None:
        """Say what is published, as who folds the source does."""
        await self.redis.set(Keys(self.prefix).source, seal(source))

    async def read(self) -> Snapshot:
        """What an exporter has of it."""
        reader = SnapshotReader(self._url, self.prefix, SETTINGS.folding, stale_after_seconds=1e12)
        try:
            return await reader.read()
        finally:
            await reader.close()


@asynccontextmanager
async def deployment(server: EmbeddedRedis) -> AsyncIterator[Deployment]:
    found = Deployment(server.url)
    try:
        yield found
    finally:
        await found.redis.aclose()
        for keeper in found.keepers:
            await keeper.publisher.close()


def test_shards_are_parts_of_their_own_and_the_partition_of_their_number_is_another(
    embedded_redis: EmbeddedRedis,
) -> None:
    async def main() -> None:
        async with deployment(embedded_redis) as here:
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
            await here.say(SOURCE)
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
        async with deployment(embedded_redis) as here:
            keeper = here.keeper(0, 1)
            keeper.take(0, heard(2))
            keeper.take(1, msgspec.structs.replace(heard(1), partitions=2))
            await keeper.publish()
            assert await here.progress(0) is not None
            assert await here.progress(1) is None
            await here.say(SOURCE)
            told = (await here.read()).problems
            assert "has not heard of every partition yet" in told[1]

    asyncio.run(main())


def test_who_takes_a_shard_over_goes_on_publishing_it(embedded_redis: EmbeddedRedis) -> None:
    async def main() -> None:
        async with deployment(embedded_redis) as here:
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
        async with deployment(embedded_redis) as here:
            keeper = here.keeper(0)
            await keeper.publish()
            assert not await here.redis.exists(Keys(here.prefix).source)
            await here.say(msgspec.structs.replace(SOURCE, generation=state_name(GENERATION, 1)))
            await keeper.publish()
            await keeper.publish()
            assert keeper.recoveries == 1
            later = here.keeper(0, lineage=1)
            await here.say(SOURCE)
            await later.publish()  # who folds the source says it again
            assert later.recoveries == 0
            raw: Any = await here.redis.get(Keys(here.prefix).source)
            assert unseal(Source, raw) == SOURCE

    asyncio.run(main())


def test_shards_of_an_earlier_history_than_counts_are_told_of_once_with_what_helps(
    embedded_redis: EmbeddedRedis, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with deployment(embedded_redis) as here:
            keeper = here.keeper(0)
            await here.say(msgspec.structs.replace(SOURCE, generation=state_name(GENERATION, 1)))
            for _ in range(4):  # the first time it reads its state again, which is still the same
                await keeper.publish()
            assert keeper.recoveries == 1

    asyncio.run(main())
    (told,) = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert "'tidegauge-persons-changelog' holds an earlier one" in told
    assert "run `tidegauge replay`" in told
