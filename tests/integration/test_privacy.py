"""Who somebody is stands in the source and its dead letters, and nowhere else after a run."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from kafka import KafkaProducer
from redis import Redis

from streams.panes import Calendar
from streams.partition import Partition
from streams.persons.sections import Crossing, Teller
from streams.persons.shard import Shard
from tests.integration.needles import PLACES, Needles, found_in
from tests.integration.pipeline import Pipeline, Service, wait_for
from tests.kafka_server import RealKafka
from tests.streams.made_up import Row, a_folding, fold
from tests.streams.persons.test_forgetting import stored_rows
from tidegauge.embedded import EmbeddedRedis

KEY = "a key that nobody else has"


@pytest.fixture
def line(
    real_kafka: RealKafka, embedded_redis: EmbeddedRedis, tmp_path: Path
) -> Iterator[Pipeline]:
    with Pipeline(real_kafka.bootstrap, embedded_redis.url, tmp_path, partitions=2) as pipeline:
        pipeline.settings["PERSON_HASH_KEY"] = KEY
        pipeline.create_topic()
        yield pipeline


def send(line: Pipeline, values: list[bytes]) -> None:
    producer = KafkaProducer(bootstrap_servers=line.bootstrap)
    for number, value in enumerate(values):
        producer.send(line.topic, value, partition=number % line.partitions)
    producer.flush()
    producer.close()


def dumped(line: Pipeline, topic: str) -> bytes:
    """Every byte of the records of a topic; the client has decompressed them."""
    found: list[bytes] = []
    for row in line.rows(topic):
        headers = [part for pair in row.headers() or () for part in pair]
        parts = (row.key(), row.value(), *headers)
        found += [part.encode() if isinstance(part, str) else part or b"" for part in parts]
    return b"\n".join(found)


def dumped_redis(line: Pipeline) -> bytes:
    """Every key of the deployment, and all that stands under it."""
    with Redis.from_url(line.redis_url) as redis:
        found: list[bytes] = []
        for key in redis.scan_iter(f"{line.name}*"):
            kind = redis.type(key)
            found.append(key)
            if kind == b"hash":
                found += [part for pair in redis.hgetall(key).items() for part in pair]
            elif kind == b"zset":
                found += redis.zrange(key, 0, -1)
            else:
                assert kind == b"string", kind
                found.append(redis.get(key) or b"")
    return b"\n".join(found)


def command(line: Pipeline, *arguments: str, told: str = "") -> str:
    """Everything a command prints."""
    done = subprocess.run(
        [sys.executable, "-m", "tidegauge", *arguments],
        env={"PATH": os.environ["PATH"], **line.environment()},
        input=told,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout + done.stderr


def pages(service: Service, *paths: str) -> bytes:
    answers = [service.get(path) for path in paths]
    assert all(status for status, _ in answers)
    return "\n".join(text for _, text in answers).encode()


@pytest.mark.kafka
def test_nothing_personal_is_kept_logged_or_shown(line: Pipeline) -> None:
    needles = Needles()
    records = [*needles.events(datetime.now(UTC).isoformat()), *needles.broken()]
    worker, exporter = line.worker("--verbose"), line.exporter("--verbose")
    send(line, records)
    wait_for("all is read", lambda: sum(worker.read_offsets().values()) == len(records), 60)
    wait_for("all is shown", lambda: "page_views_total" in exporter.get("metrics")[1], 30)
    ids = f"{needles['user']}\n{needles['anonymous']}"
    forgotten = command(line, "forget", "--verbose", "--file", "-", told=ids)
    wait_for("that too", lambda: sum(worker.read_offsets().values()) == len(records) + 2, 30)
    shown = pages(exporter, "metrics", "", "healthz", "readyz")
    shown += pages(worker, "metrics", "", "healthz", "readyz")
    assert b'tidegauge_page_views_total{page="__other__"} 3.0' in shown
    wait_for("they are told", lambda: b"forgotten" in dumped(line, f"{line.name}-facts"), 30)
    assert worker.stop() == 0

    kept = {
        topic: dumped(line, f"{line.name}-{topic}")
        for topic in ("units-changelog", "facts", "persons-changelog", "dead-letters")
    }
    letters = kept.pop("dead-letters")
    kept |= {"Redis": dumped_redis(line), "pages": shown, "forget": forgotten.encode()}
    kept |= {"logs": (worker.log() + exporter.log()).encode()}
    assert all(len(kept[name]) > 100 for name in kept if name != "persons-changelog")
    left = {name: found_in(needles.by_place.values(), hay) for name, hay in kept.items()}
    assert not any(left.values()), left

    source = dumped(line, line.topic)
    assert set(found_in(needles.by_place.values(), source)) == set(needles.by_place.values())
    assert found_in(needles.by_place.values(), letters) == [needles["broken"]]
    events = [row.value() for row in line.rows(line.topic) if b"Person Forgotten" in row.value()]
    assert len(events) == 2
    assert found_in(needles.by_place.values(), b"\n".join(events)) == []


@pytest.mark.kafka
def test_a_worker_that_stops_at_bad_records_and_a_check_of_them_do_not_quote_them(
    line: Pipeline,
) -> None:
    needles = Needles()
    send(line, needles.broken() * 2)
    line.settings["WORKER_MAX_DEAD_LETTERS_IN_A_ROW"] = "4"
    worker = line.worker("--verbose")
    assert worker.wait(60) == 2, worker.log()
    told = worker.log() + command(line, "check", "--verbose")
    assert "too many records cannot be read" in told
    assert "dead letters: unknown_type" in told
    assert found_in(needles.by_place.values(), told.encode()) == [], [
        text for text in told.splitlines() if needles["broken"] in text
    ]


def test_a_snapshot_of_persons_holds_nothing_personal() -> None:
    needles, now = Needles(), datetime.now(UTC)
    folding, milliseconds = a_folding(), round(now.timestamp() * 1000)
    rows = [Row(n, milliseconds, value) for n, value in enumerate(needles.events(now.isoformat()))]
    partition = fold(Partition(folding), rows)
    shard = Shard(Calendar(folding.calendar.zone))
    told = 0, partition.outbox.take(partition.offset, milliseconds), Teller(0, 0, milliseconds)
    shard.fold(
        [Row(n, 0, m.encode()) for n, m in enumerate(Crossing("", 0, 1, 1).messages([told]))]
    )
    assert shard.people.population.size == 2
    stored = b"\n".join(raw for _, raw in stored_rows(shard))
    assert len(stored) > 1_000
    assert found_in(needles.by_place.values(), stored) == []


@pytest.mark.parametrize("place", PLACES)
def test_a_needle_is_found_as_it_is_and_hashed_without_a_key(place: str) -> None:
    needle = Needles()[place]
    raw = needle.encode()
    short = hashlib.blake2b(raw, digest_size=8).digest()
    hays = [
        raw,
        raw.upper(),
        hashlib.sha256(raw).hexdigest().encode(),
        base64.b64encode(hashlib.md5(raw).digest()),  # noqa: S324 - what somebody might have done
        hashlib.sha1(raw).digest()[:8],  # noqa: S324 - likewise
        short[::-1],
    ]
    assert all(found_in([needle], b"before" + hay + b"after") for hay in hays)
    keyed = hashlib.blake2b(raw, digest_size=8, key=b"a key").digest()
    assert found_in([needle], keyed) == []
