from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
import redis

from exporters.keys import Keys, Source
from exporters.snapshot_store import Snapshot, SnapshotReader
from exporters.view import View
from streams.panes import LIFETIME, NO_WATERMARK, SECOND, Grain
from streams.published import Published
from streams.unit import FORMAT_VERSION, OUTCOMES, seal
from tests.exporters.published_events import (
    GENERATION,
    NOW,
    Worker,
    announce,
    new_folding,
    new_prefix,
    new_publisher,
    new_reader,
)
from tests.streams.made_up import of_version
from tidegauge.embedded import EmbeddedRedis

ROUNDS = 120


async def published(url: str, prefix: str, partitions: int = 2, **other: Any) -> None:
    """Publish partitions, of which each has read two page views."""
    publisher = new_publisher(url, prefix)
    await announce(publisher, partitions)
    for number in range(partitions):
        worker = Worker(number=number)
        worker.send({}, {})
        assert await worker.publish(publisher, **other) == "written"
    await publisher.close()


def read_once(url: str, prefix: str, **other: Any) -> Snapshot:
    async def run() -> Snapshot:
        reader = new_reader(url, prefix, **other)
        snapshot = await reader.read()
        await reader.close()
        return snapshot

    return asyncio.run(run())


def test_nothing_published_is_a_problem(embedded_redis: EmbeddedRedis) -> None:
    snapshot = read_once(embedded_redis.url, new_prefix())
    assert snapshot.problems == ["no worker has published anything yet"]


def test_an_unreachable_redis_is_a_problem() -> None:
    snapshot = read_once("redis://127.0.0.1:1", "p")
    assert len(snapshot.problems) == 1
    assert snapshot.problems[0].startswith("Redis cannot be read: ")


def test_one_missing_partition_takes_every_reading_away(embedded_redis: EmbeddedRedis) -> None:
    prefix = new_prefix()
    asyncio.run(published(embedded_redis.url, prefix))
    with redis.Redis.from_url(embedded_redis.url) as client:
        client.delete(*Keys(prefix).partition(GENERATION, 1))
    snapshot = read_once(embedded_redis.url, prefix)
    assert snapshot.problems == ["partition 1 is missing: no worker has published it"]
    assert list(snapshot.partitions) == [0]
    assert View.of(new_folding(), snapshot).reading is None


def test_one_stale_partition_takes_every_reading_away(embedded_redis: EmbeddedRedis) -> None:
    prefix = new_prefix()
    asyncio.run(published(embedded_redis.url, prefix))
    fresh = read_once(embedded_redis.url, prefix, clock=lambda: NOW + 60 * SECOND)
    assert fresh.problems == []
    stale = read_once(embedded_redis.url, prefix, clock=lambda: NOW + 61 * SECOND)
    assert stale.problems[0].startswith("partition 0 was last published 61 s ago: ")
    assert View.of(new_folding(), stale).reading is None


def test_a_partition_that_knows_no_time_yet_is_a_problem(embedded_redis: EmbeddedRedis) -> None:
    prefix = new_prefix()
    unknown = {"caught_up_at": 0, "watermark": NO_WATERMARK}
    asyncio.run(published(embedded_redis.url, prefix, 1, **unknown))
    snapshot = read_once(embedded_redis.url, prefix)
    assert snapshot.problems == ["partition 0 has not read enough yet to know the time"]


def test_metrics_that_the_workers_count_otherwise_are_named(embedded_redis: EmbeddedRedis) -> None:
    prefix = new_prefix()
    source = Source.of(new_folding(), GENERATION, "events", 0)
    metrics = {k: v for k, v in source.metrics.items() if v not in ("shares", "revenue")}
    other = msgspec.structs.replace(source, metrics=metrics, time_zone="Europe/Paris")
    with redis.Redis.from_url(embedded_redis.url) as client:
        client.set(Keys(prefix).source, seal(other))
    first, second = read_once(embedded_redis.url, prefix).problems
    assert "exporter defines them: revenue, shares; " in first
    assert "the workers cut days in Europe/Paris, this exporter in UTC" in second


def test_a_foreign_format_version_is_a_problem(embedded_redis: EmbeddedRedis) -> None:
    prefix = new_prefix()
    asyncio.run(published(embedded_redis.url, prefix))
    units = Keys(prefix).partition(GENERATION, 1).units
    with redis.Redis.from_url(embedded_redis.url) as client:
        raw = client.hget(units, str(LIFETIME))
        assert isinstance(raw, bytes)
        client.hset(units, str(LIFETIME), of_version(raw, FORMAT_VERSION + 1, str(LIFETIME)))  # type: ignore[arg-type,unused-ignore]
    (problem,) = read_once(embedded_redis.url, prefix).problems
    assert problem.startswith(f"partition 1 was written in format {FORMAT_VERSION + 1}")


@pytest.mark.parametrize("field", ["lifetime/0", "progress", "no pane at all"])
def test_a_damaged_record_is_a_problem_and_no_traceback(
    embedded_redis: EmbeddedRedis, field: str
) -> None:
    prefix = new_prefix()
    asyncio.run(published(embedded_redis.url, prefix))
    keys = Keys(prefix).partition(GENERATION, 0)
    with redis.Redis.from_url(embedded_redis.url) as client:
        if not client.hexists(keys.units, field):
            client.zadd(keys.changes, {field: 1})
        client.hset(keys.units, field, b"what is this?")  # type: ignore[arg-type,unused-ignore]
    snapshot = read_once(embedded_redis.url, prefix)
    assert snapshot.problems[0].startswith("partition 0 cannot be read: ")
    assert 0 not in snapshot.partitions


def test_only_changed_panes_are_fetched(embedded_redis: EmbeddedRedis) -> None:
    async def run() -> None:
        prefix = new_prefix()
        publisher, reader = (
            new_publisher(embedded_redis.url, prefix),
            new_reader(embedded_redis.url, prefix),
        )
        await announce(publisher)
        worker = Worker()
        worker.send(*[{}] * 130, time=NOW - 3600 * SECOND)
        worker.send({})
        await worker.publish(publisher)
        before = (await reader.read()).partitions[0]
        worker.send({})
        await worker.publish(publisher)
        after = (await reader.read()).partitions[0]
        assert before.progress.offset + 1 == after.progress.offset
        changed = {pane for pane in after.units if before.units.get(pane) is not after.units[pane]}
        assert {pane.grain for pane in changed} == set(Grain)
        assert len(changed) == 4 < len(after.units)
        await publisher.close()
        await reader.close()

    asyncio.run(run())


def test_a_new_generation_replaces_the_old_one(embedded_redis: EmbeddedRedis) -> None:
    async def run() -> None:
        prefix = new_prefix()
        await published(embedded_redis.url, prefix)
        reader = new_reader(embedded_redis.url, prefix)
        assert (await reader.read()).problems == []
        source = Source.of(new_folding(), "fedcba9876543210", "events", 2)
        with redis.Redis.from_url(embedded_redis.url) as client:
            client.set(Keys(prefix).source, seal(source))
        assert (await reader.read()).partitions == {}
        await reader.close()

    asyncio.run(run())


def counted(held: Published) -> int:
    """Records a lifetime unit accounts for."""
    unit = held.units.get(LIFETIME)
    return sum(unit.state[OUTCOMES].values()) if unit else 0


async def write_disturbed(url: str, prefix: str, done: asyncio.Event) -> None:
    worker, publisher, calm = Worker(), new_publisher(url, prefix), asyncio.Event()
    await announce(publisher)
    disturbing = asyncio.create_task(disturb(url, prefix, calm))
    for _ in range(ROUNDS):
        worker.send(*[{}] * 7)
        worker.break_record()
        assert await worker.publish(publisher) in ("written", "foreign")
    calm.set()
    await disturbing
    outcomes = [await worker.publish(publisher) for _ in range(2)]
    assert outcomes[-1] == "written"
    done.set()
    await publisher.close()


async def read_all_the_time(reader: SnapshotReader, done: asyncio.Event) -> set[int]:
    offsets = set()
    while not done.is_set():
        for held in (await reader.read()).partitions.values():
            assert counted(held) == held.progress.offset
            offsets.add(held.progress.offset)
        await asyncio.sleep(0)
    return offsets


async def disturb(url: str, prefix: str, calm: asyncio.Event) -> None:
    """Flush, and publish what a paused worker still holds, over and over."""
    zombie, publisher = Worker(), new_publisher(url, prefix)
    with redis.Redis.from_url(url) as client:
        keys = Keys(prefix).partition(GENERATION, 0)
        while not calm.is_set():
            zombie.send({})
            await zombie.publish(publisher)
            await asyncio.sleep(0.02)
            client.delete(*keys)
            await asyncio.sleep(0.02)
    await publisher.close()


def test_a_reader_never_sees_half_a_publication(embedded_redis: EmbeddedRedis) -> None:
    async def run() -> None:
        url, prefix, done = embedded_redis.url, new_prefix(), asyncio.Event()
        readers = [new_reader(url, prefix) for _ in range(3)]
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            group.create_task(write_disturbed(url, prefix, done))
            reading = [group.create_task(read_all_the_time(reader, done)) for reader in readers]
        assert all(len(task.result()) > 10 for task in reading)
        for reader in readers:
            (held,) = (await reader.read()).partitions.values()
            assert counted(held) == held.progress.offset == 8 * ROUNDS
            await reader.close()

    asyncio.run(run())
