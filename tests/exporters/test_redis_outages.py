from __future__ import annotations

import asyncio
import secrets

import pytest
import redis

from exporters.publisher import SnapshotPublisher
from exporters.snapshot_store import SnapshotReader
from tests.exporters.published_events import (
    GENERATION,
    Worker,
    announce,
    new_publisher,
    new_reader,
)
from tests.exporters.scenarios import assert_shown, play, publish_until_written
from tidegauge.embedded import EmbeddedRedis


@pytest.fixture(params=["embedded_redis", pytest.param("real_redis", marks=pytest.mark.redis)])
def server(request: pytest.FixtureRequest) -> EmbeddedRedis:
    found: EmbeddedRedis = request.getfixturevalue(request.param)
    return found


def test_a_flushed_redis_is_published_whole_again(server: EmbeddedRedis) -> None:
    async def scenario(publisher: SnapshotPublisher, reader: SnapshotReader) -> None:
        worker = Worker()
        worker.send({}, {}, {})
        await worker.publish(publisher)
        await assert_shown(reader, worker)
        with redis.Redis.from_url(server.url) as client:
            client.flushall()
        assert (await reader.read()).problems == ["no worker has published anything yet"]
        worker.send({})
        assert await publish_until_written(worker, publisher) == ["foreign", "written"]
        await assert_shown(reader, worker)

    play(server.url, scenario)


@pytest.mark.parametrize("damage", ["changes", "units", "sequence"])
def test_what_redis_lost_is_absent_until_it_is_published_anew(
    embedded_redis: EmbeddedRedis, damage: str
) -> None:
    async def scenario(publisher: SnapshotPublisher, reader: SnapshotReader) -> None:
        keys = publisher._keys.partition(GENERATION, 0)
        worker = Worker()
        worker.send({}, {})
        await worker.publish(publisher)
        await worker.publish(publisher)
        await assert_shown(reader, worker)
        with redis.Redis.from_url(embedded_redis.url) as client:
            if damage == "changes":
                client.delete(keys.changes)
            elif damage == "units":
                client.hdel(keys.units, "lifetime/0")
            else:
                client.hset(keys.units, "sequence", 1)  # as after an old backup was restored
        if damage != "sequence":
            snapshot = await reader.read()
            assert snapshot.problems == ["partition 0 is missing: no worker has published it"]
            assert snapshot.partitions == {}
        worker.send({})
        assert await publish_until_written(worker, publisher) == ["foreign", "written"]
        await assert_shown(reader, worker)

    play(embedded_redis.url, scenario)


def test_nothing_is_shown_of_a_redis_that_went_back_to_a_backup(
    embedded_redis: EmbeddedRedis,
) -> None:
    async def scenario(publisher: SnapshotPublisher, reader: SnapshotReader) -> None:
        keys = publisher._keys.partition(GENERATION, 0)
        worker = Worker()
        worker.send({}, {})
        await worker.publish(publisher)
        with redis.Redis.from_url(embedded_redis.url) as client:
            backup = {key: client.dump(key) for key in (keys.units, keys.changes)}
            worker.send({})
            await worker.publish(publisher)
            await assert_shown(reader, worker)
            for key, value in backup.items():
                client.restore(key, 0, value, replace=True)
        (problem,) = (await reader.read()).problems
        assert problem.startswith("partition 0 went back in Redis from offset 3 to 2: ")
        assert await publish_until_written(worker, publisher) == ["foreign", "written"]
        await assert_shown(reader, worker)

    play(embedded_redis.url, scenario)


def test_after_redis_was_away_everything_is_published() -> None:
    with EmbeddedRedis() as server:

        async def scenario(publisher: SnapshotPublisher, reader: SnapshotReader) -> None:
            worker = Worker()
            worker.send({})
            await worker.publish(publisher)
            server.kill()
            worker.send({"name": "while it was away"})
            assert await worker.publish(publisher) == "failed"
            assert publisher.errors == 1
            worker.send({})
            assert await worker.publish(publisher) == "waiting"
            assert (await reader.read()).problems[0].startswith("Redis cannot be read: ")
            server.start()
            await publish_until_written(worker, publisher)
            assert publisher.last_error is None
            await assert_shown(reader, worker)

        play(server.url, scenario)


def test_what_a_broken_connection_swallowed_is_published_with_the_next_success(
    embedded_redis: EmbeddedRedis,
) -> None:
    async def scenario(publisher: SnapshotPublisher, reader: SnapshotReader) -> None:
        worker = Worker()
        worker.send({})
        await worker.publish(publisher)
        with redis.Redis.from_url(embedded_redis.url) as client:
            client.client_kill_filter(_type="normal", skipme=True)
        worker.send({"name": "swallowed"})
        assert await worker.publish(publisher) == "failed"
        outcomes = await publish_until_written(worker, publisher)
        assert "foreign" not in outcomes  # Redis kept what was there: only the rest was added
        await assert_shown(reader, worker)

    play(embedded_redis.url, scenario)


def test_a_server_that_never_answers_fails_a_publication() -> None:
    async def run() -> None:
        async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        silent = await asyncio.start_server(swallow, "127.0.0.1", 0)
        port = silent.sockets[0].getsockname()[1]
        publisher = new_publisher(f"redis://127.0.0.1:{port}", "p", timeout_seconds=0.05)
        worker = Worker()
        worker.send({})
        async with asyncio.timeout(20):
            assert await worker.publish(publisher) == "failed"
            await publisher.close()
            silent.close()
            await silent.wait_closed()
        assert publisher.errors == 1

    asyncio.run(run())


def test_pauses_between_attempts_grow_to_a_second() -> None:
    moments = [0.0]

    async def run() -> None:
        publisher = new_publisher("redis://127.0.0.1:1", "p", clock=lambda: moments[0])
        worker = Worker()
        failures = []
        for tick in range(40):
            moments[0] = tick / 8
            if await worker.publish(publisher) == "failed":
                failures.append(moments[0])
        assert failures == [0, 0.25, 0.75, 1.75, 2.75, 3.75, 4.75]

    asyncio.run(run())


def test_a_source_that_could_not_be_announced_is_announced_later() -> None:
    with EmbeddedRedis() as server:

        async def run() -> None:
            prefix = f"late-{secrets.token_hex(4)}"
            publisher, reader = new_publisher(server.url, prefix), new_reader(server.url, prefix)
            server.kill()
            with pytest.raises(AssertionError):
                await announce(publisher)
            server.start()
            worker = Worker()
            worker.send({})
            await publish_until_written(worker, publisher)
            await assert_shown(reader, worker)
            await publisher.close()
            await reader.close()

        asyncio.run(run())
