"""What of a topic `tidegauge replay` counts, sends on and refuses; record by record."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from kafka import KafkaAdminClient, TopicPartition

from agents.rereading import FETCH_BYTES, Rereading, Vanished, source_consumer
from tests.integration.checks import published_ends
from tests.integration.pipeline import Pipeline, wait_for
from tests.integration.replaying import (
    changelog,
    lineages,
    outcomes,
    page,
    replay,
    replayed,
    send,
    stored,
)
from tests.integration.truth import published
from tests.kafka_server import RealKafka
from tidegauge.embedded import EmbeddedRedis

HOUR = 3_600


@pytest.fixture
def small(
    real_kafka: RealKafka, embedded_redis: EmbeddedRedis, tmp_path: Path
) -> Iterator[Pipeline]:
    """Three partitions on a real Kafka, for records that are sent one by one."""
    with Pipeline(
        real_kafka.bootstrap, embedded_redis.url, tmp_path, idempotent=True, partitions=3
    ) as pipeline:
        pipeline.create_topic()
        yield pipeline


def test_records_before_the_point_in_time_are_not_counted_and_all_after_it_are(
    small: Pipeline,
) -> None:
    small.settings["REPORTING_TIMEZONE"] = "Asia/Tokyo"
    begin = int(time.time()) - 5 * HOUR
    send(small, 0, *range(begin, begin + 3_000, 10))
    send(small, 1, *range(begin, begin + 400, 10))
    replayed(small, "--from", "1969-12-31T23:59:59.999Z")
    assert outcomes(small) == {0: {"accepted": 300}, 1: {"accepted": 40}}
    since = datetime.fromtimestamp(begin + 1_003, ZoneInfo("Asia/Tokyo"))
    replayed(small, "--from", since.replace(tzinfo=None).isoformat())
    assert outcomes(small) == {0: {"accepted": 199}}
    worker = small.worker()
    for partition in range(3):
        send(small, partition, begin + 4_000)
    ends = {0: 301, 1: 41, 2: 1}
    wait_for("all is shown", lambda: published_ends(small) == ends, 60)
    assert outcomes(small) == {0: {"accepted": 200}, 1: {"accepted": 1}, 2: {"accepted": 1}}
    assert worker.stop() == 0
    assert {n: state.outcomes for n, state in stored(small).items()} == outcomes(small)


def test_dead_letters_are_sent_again_only_where_no_worker_had_come(small: Pipeline) -> None:
    topic = small.worker_settings().dead_letter_topic
    begin = int(time.time()) - HOUR
    send(small, 0, begin, b"junk", b"junk", begin + 1)
    worker = small.worker()
    wait_for("all is folded", lambda: worker.read_offsets() == {0: 4, 1: 0, 2: 0}, 60)
    assert worker.stop() == 0
    send(small, 0, begin + 2, b"junk")
    for _ in range(2):
        replayed(small)
        assert outcomes(small) == {0: {"accepted": 3, "dead_letter": 3}}
        letters = [dict(letter.headers())["offset"] for letter in small.rows(topic)]
        assert letters == [b"1", b"2", b"5"]


def test_a_replay_of_junk_is_refused_until_it_is_accepted(small: Pipeline) -> None:
    small.settings["WORKER_MAX_DEAD_LETTERS_IN_A_ROW"] = "50"
    begin = int(time.time()) - HOUR
    send(small, 0, begin, *[b"junk"] * 100, begin + 1)
    refused = replay(small)
    assert refused.wait(40) == 2
    assert "too many records cannot be read" in refused.log()
    assert not changelog(small)
    assert not published(small)
    replayed(small, "--accept-dead-letters", "100")
    assert outcomes(small) == {0: {"accepted": 2, "dead_letter": 100}}


def test_a_source_that_lets_go_of_what_is_to_be_read_is_refused(small: Pipeline) -> None:
    more_than_one_fetch = [page(0, padding=100_000)] * (2 * FETCH_BYTES // 100_000)
    send(small, 0, *more_than_one_fetch)
    end = len(more_than_one_fetch)

    async def read_late() -> None:
        settings = small.worker_settings()
        consumer = source_consumer(settings)
        await consumer.start()
        try:
            reading = Rereading(consumer, settings, small.partitions, "generation")
            await reading.begin(None)
            await asyncio.to_thread(delete_records, small, end - 1)
            with pytest.raises(Vanished, match=rf"let go of offsets \d+ to {end - 1}"):
                await read_to(reading, {0: end, 1: 0, 2: 0})
        finally:
            await consumer.stop()

    asyncio.run(read_late())


async def read_to(reading: Rereading, ends: dict[int, int]) -> None:
    while not reading.has_come_to(ends):
        await reading.read(200)


def delete_records(line: Pipeline, before: int) -> None:
    admin = KafkaAdminClient(bootstrap_servers=line.bootstrap)
    admin.delete_records({TopicPartition(line.topic, 0): before})
    admin.close()


def test_a_worker_with_the_old_settings_ends_when_a_state_with_others_is_shown(
    small: Pipeline,
) -> None:
    begin = int(time.time()) - HOUR
    send(small, 0, *range(begin, begin + 100))
    worker = small.worker()
    wait_for("all is folded", lambda: worker.read_offsets() == {0: 100, 1: 0, 2: 0}, 60)
    replayed(small, REPORTING_TIMEZONE="Asia/Kathmandu")
    assert worker.wait(30) == 2
    assert "the stored state is of generation" in worker.log()
    small.settings["REPORTING_TIMEZONE"] = "Asia/Kathmandu"
    assert outcomes(small) == {0: {"accepted": 100}}
    assert lineages(small) == {"0", "1"}
