from __future__ import annotations

import pytest
import redis

from exporters import publisher as publisher_module
from exporters.keys import KEPT_SECONDS, Keys
from exporters.publisher import SnapshotPublisher
from exporters.snapshot_store import SnapshotReader
from tests.exporters.published_events import (
    NOW,
    Worker,
    new_prefix,
    new_publisher,
)
from tests.exporters.scenarios import assert_shown, play, publish_until_written
from tidegauge.embedded import EmbeddedRedis


@pytest.fixture(params=["embedded_redis", pytest.param("real_redis", marks=pytest.mark.redis)])
def server(request: pytest.FixtureRequest) -> EmbeddedRedis:
    found: EmbeddedRedis = request.getfixturevalue(request.param)
    return found


def test_a_reader_sees_what_was_published(server: EmbeddedRedis) -> None:
    async def scenario(publisher: SnapshotPublisher, reader: SnapshotReader) -> None:
        worker = Worker()
        worker.send({}, {"name": "Pricing"})
        assert await worker.publish(publisher) == "written"
        await assert_shown(reader, worker)
        worker.send({"name": "Docs"})
        assert await worker.publish(publisher) == "written"
        await assert_shown(reader, worker)

    play(server.url, scenario)


def test_an_older_offset_never_overwrites_a_newer_one(server: EmbeddedRedis) -> None:
    async def scenario(publisher: SnapshotPublisher, reader: SnapshotReader) -> None:
        newer, older = Worker(), Worker()
        newer.send({}, {}, {})
        older.send({})
        zombie = new_publisher(server.url, publisher._keys.prefix)
        assert await newer.publish(publisher) == "written"
        assert await older.publish(zombie) == "refused"
        older.send({})
        assert await older.publish(zombie) == "refused"
        assert zombie.publications["refused"] == 2
        await assert_shown(reader, newer)
        older.send({}, {})
        assert await publish_until_written(older, zombie) == ["foreign", "written"]
        await assert_shown(reader, older)
        assert await newer.publish(publisher) == "refused"
        await zombie.close()

    play(server.url, scenario)


def test_progress_is_published_when_nothing_changed(embedded_redis: EmbeddedRedis) -> None:
    async def scenario(publisher: SnapshotPublisher, reader: SnapshotReader) -> None:
        worker = Worker()
        worker.send({})
        await worker.publish(publisher)
        assert await worker.publish(publisher, caught_up_at=NOW + 7) == "written"
        snapshot = await reader.read()
        assert snapshot.partitions[0].progress.caught_up_at == NOW + 7
        await assert_shown(reader, worker)

    play(embedded_redis.url, scenario)


def test_an_empty_partition_is_published(embedded_redis: EmbeddedRedis) -> None:
    async def scenario(publisher: SnapshotPublisher, reader: SnapshotReader) -> None:
        worker = Worker()
        assert await worker.publish(publisher) == "written"
        assert await worker.publish(publisher) == "written"
        await assert_shown(reader, worker)

    play(embedded_redis.url, scenario)


def test_panes_no_longer_kept_disappear(embedded_redis: EmbeddedRedis) -> None:
    async def scenario(publisher: SnapshotPublisher, reader: SnapshotReader) -> None:
        worker = Worker()
        worker.send(*[{}] * 65)
        await worker.publish(publisher)
        await assert_shown(reader, worker)
        before = set(worker.partition.units.held)
        worker.advance(minutes=300)
        worker.send({}, time=worker.now)
        assert before - set(worker.partition.units.held)
        await worker.publish(publisher, published_at=NOW)
        await assert_shown(reader, worker)

    play(embedded_redis.url, scenario)


def test_every_key_ends_some_day(embedded_redis: EmbeddedRedis) -> None:
    prefix = new_prefix()

    async def scenario(publisher: SnapshotPublisher, _: SnapshotReader) -> None:
        worker = Worker()
        worker.send({})
        await worker.publish(publisher)

    play(embedded_redis.url, scenario, prefix)
    with redis.Redis.from_url(embedded_redis.url) as client:
        names = sorted(client.scan_iter(f"{prefix}*"))
        assert len(names) == 3
        assert all(0 < client.ttl(name) <= KEPT_SECONDS for name in names)


@pytest.mark.parametrize("limit", [1, 700])
def test_a_publication_larger_than_one_call_arrives_whole(
    embedded_redis: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(publisher_module, "CALL_BYTES_MAX", limit)

    async def scenario(publisher: SnapshotPublisher, reader: SnapshotReader) -> None:
        worker = Worker()
        worker.send(*({"name": f"Page {i}"} for i in range(20)))
        assert await worker.publish(publisher) == "written"
        await assert_shown(reader, worker)
        worker.send(*({"name": f"Page {i}"} for i in range(40)))
        assert await worker.publish(publisher) == "written"
        await assert_shown(reader, worker)
        with redis.Redis.from_url(embedded_redis.url) as client:
            assert not list(client.scan_iter(f"{publisher._keys.prefix}*staging*"))

    play(embedded_redis.url, scenario)


def test_too_many_waiting_panes_become_a_whole_publication(
    embedded_redis: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher_module, "PENDING_PANES_MAX", 2)

    async def scenario(publisher: SnapshotPublisher, reader: SnapshotReader) -> None:
        worker = Worker()
        worker.send({})
        await worker.publish(publisher)
        worker.send({})
        assert await publish_until_written(worker, publisher) == ["foreign", "written"]
        await assert_shown(reader, worker)

    play(embedded_redis.url, scenario)


def test_everything_is_encoded_only_when_it_is_needed(embedded_redis: EmbeddedRedis) -> None:
    async def scenario(publisher: SnapshotPublisher, _: SnapshotReader) -> None:
        newer, older = Worker(), Worker()
        newer.send({}, {}, {})
        older.send({})
        await newer.publish(publisher)
        zombie = new_publisher(embedded_redis.url, publisher._keys.prefix)
        calls: list[int] = []

        def everything() -> dict[str, bytes]:
            calls.append(1)
            return older.partition.everything()

        for _attempt in range(5):
            outcome = await zombie.publish(0, older.progress(), {}, everything)
            assert outcome == "refused"
        assert len(calls) == 1
        await zombie.close()

    play(embedded_redis.url, scenario)


def test_another_prefix_or_generation_is_another_world() -> None:
    one, two = Keys("a"), Keys("b")
    names = {
        *(one.source, two.source),
        *one.partition("g", 1),
        *one.partition("h", 1),
        *two.partition("g", 1),
    }
    assert len(names) == 8
