"""Another state is let be read when it is not behind the one that is, and not a moment earlier."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from agents.folded import Folded
from agents.showing import Showing
from exporters.connection import connect
from exporters.keys import Keys, Part, Source
from exporters.publisher import PAUSE_SECONDS_MAX, SnapshotPublisher
from streams.published import Progress
from streams.unit import unseal
from tests.agents.made_up import SETTINGS, TIME, new_partition, records
from tidegauge.embedded import EmbeddedRedis

PREFIXES = (f"showing-{number}" for number in itertools.count())
OLD, NEW = "0123456789abcdef", "0123456789abcdef.1"


class State:
    """Two partitions of one state, and the way to have them shown."""

    def __init__(self, url: str, prefix: str, name: str) -> None:
        self.partitions = {0: new_partition(), 1: new_partition()}
        self.redis, self.keys = connect(url, 1.0), Keys(prefix)
        self.publisher = SnapshotPublisher(url, prefix, name)
        source = Source.of(SETTINGS.folding, name, "events", 2)
        self.showing = Showing(self.redis, self.publisher, self.keys, source)

    def progress(self, number: Part) -> Progress:
        partition = self.partitions[int(number)]
        return Progress.of(
            partition,
            int(number),
            end_offset=partition.offset,
            caught_up_at=TIME,
            published_at=TIME,
            checkpoint_at=TIME,
        )

    async def publish(self, *offsets: int) -> bool:
        """Fold to these offsets and publish."""
        for number, offset in enumerate(offsets):
            partition = self.partitions[number]
            partition.fold(records(partition.offset, offset - partition.offset))
        parts: dict[Part, Folded] = dict(self.partitions.items())
        return await self.showing.publish(parts, {part: self.progress(part) for part in parts})

    async def announce(self, *, anyway: bool = False) -> bool:
        offsets = {number: partition.offset for number, partition in self.partitions.items()}
        return await self.showing.announce(offsets, anyway=anyway)

    async def shown(self) -> str | None:
        """Name of the state that exporters read."""
        raw: Any = await self.redis.get(self.keys.source)
        return None if raw is None else unseal(Source, raw).generation

    async def close(self) -> None:
        await self.redis.aclose()
        await self.publisher.close()


@asynccontextmanager
async def two_states(url: str) -> AsyncIterator[tuple[State, State]]:
    """One that is shown, at offsets 10 and 10, and another one that nobody reads."""
    prefix = next(PREFIXES)
    old, new = State(url, prefix, OLD), State(url, prefix, NEW)
    try:
        assert await old.publish(10, 10)
        assert await old.announce()
        yield old, new
    finally:
        await old.close()
        await new.close()


def test_a_state_that_is_behind_in_one_partition_is_not_shown(
    embedded_redis: EmbeddedRedis,
) -> None:
    async def act() -> None:
        async with two_states(embedded_redis.url) as (old, new):
            assert await new.publish(20, 9)
            assert not await new.announce()
            assert await new.shown() == OLD
            assert await new.publish(20, 10)
            assert await new.announce()
            assert await old.shown() == NEW

    asyncio.run(act())


def test_a_state_that_is_behind_is_shown_when_that_is_asked_for(
    embedded_redis: EmbeddedRedis,
) -> None:
    async def act() -> None:
        async with two_states(embedded_redis.url) as (old, new):
            assert await new.publish(0, 0)
            assert await new.announce(anyway=True)
            assert await old.shown() == NEW

    asyncio.run(act())


def test_a_state_that_was_passed_is_shown_when_it_has_caught_up(
    embedded_redis: EmbeddedRedis,
) -> None:
    async def act() -> None:
        async with two_states(embedded_redis.url) as (old, new):
            assert await new.publish(10, 10)
            assert await old.publish(11, 10)
            assert not await new.announce()
            assert await new.publish(11, 10)
            assert await new.announce()

    asyncio.run(act())


def test_where_nothing_is_shown_or_nothing_readable_any_state_may_be(
    embedded_redis: EmbeddedRedis,
) -> None:
    async def act() -> None:
        async with two_states(embedded_redis.url) as (old, new):
            await new.redis.delete(new.keys.source)
            assert await new.publish(0, 0)
            assert await new.announce()
            await new.redis.set(new.keys.source, b"junk")
            assert await new.announce()
            assert await old.shown() == NEW

    asyncio.run(act())


def test_without_redis_nothing_is_published_or_shown_and_the_error_is_told() -> None:
    async def act(server: EmbeddedRedis) -> None:
        async with two_states(server.url) as (_, new):
            await asyncio.to_thread(server.stop)
            assert not await new.publish(20, 20)
            assert not await new.announce()
            assert new.showing.error

    with EmbeddedRedis() as server:
        asyncio.run(act(server))


def test_what_redis_missed_while_it_was_away_is_published_when_it_is_back() -> None:
    async def act(server: EmbeddedRedis) -> None:
        async with two_states(server.url) as (_, new):
            await asyncio.to_thread(server.stop)
            assert not await new.publish(20, 20)
            await asyncio.to_thread(server.start)
            await asyncio.sleep(PAUSE_SECONDS_MAX)  # before that it does not ask
            tries = [await new.publish(20, 20) for _ in range(3)]
            assert tries[-1]
            assert await new.announce()
            for number in (0, 1):
                units = new.keys.partition(NEW, number).units
                assert await new.redis.hget(units, "offset") == b"20"

    with EmbeddedRedis() as server:
        asyncio.run(act(server))
