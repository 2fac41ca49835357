"""What a worker refuses, in one line and with exit code 2, and what it waits for."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from kafka import KafkaProducer
from redis import Redis

from exporters.doors.refusals import REASONS
from exporters.keys import Keys
from tests.integration.pipeline import Pipeline, Service, wait_for
from tests.integration.truth import stored
from tests.kafka_server import RealKafka
from tidegauge.embedded import EmbeddedBroker, EmbeddedRedis
from tidegauge.loopback_server import free_port

PAGE = (
    b'{"type": "page", "messageId": "%d", "userId": "u%d", "name": "Home",'
    b' "timestamp": "2026-01-01T00:00:00Z"}'
)
JUNK = b"\x00 no event %d"


@pytest.fixture
def line(
    embedded_broker: EmbeddedBroker, embedded_redis: EmbeddedRedis, tmp_path: Path
) -> Iterator[Pipeline]:
    with Pipeline(
        embedded_broker.bootstrap, embedded_redis.url, tmp_path, partitions=2
    ) as pipeline:
        yield pipeline


def refusal(worker: Service) -> str:
    """The one line in which it refused."""
    assert worker.wait(40) == 2, worker.log()
    said = [text for text in worker.log().splitlines() if " INFO " not in text]
    assert len(said) == 1, worker.log()
    return said[0]


def send(line: Pipeline, values: list[bytes], partition: int = 0) -> None:
    producer = KafkaProducer(bootstrap_servers=line.bootstrap, enable_idempotence=False)
    for value in values:
        producer.send(line.topic, value, partition=partition, timestamp_ms=1_767_225_600_000)
    producer.flush()
    producer.close()


def announced(line: Pipeline) -> bytes | None:
    """What Redis says is published; None before anything is."""
    settings = line.worker_settings()
    with Redis.from_url(settings.redis_url) as redis:
        found = redis.get(Keys(settings.redis_prefix).source)
    assert found is None or isinstance(found, bytes)
    return found


def pages(first: int, count: int) -> list[bytes]:
    return [PAGE % (number, number) for number in range(first, first + count)]


def fold(line: Pipeline, offsets: dict[int, int], *options: str, **settings: str) -> None:
    """Run a worker until it stands there, then stop it."""
    worker = line.worker(*options, **settings)
    wait_for(f"it stands at {offsets}", lambda: worker.read_offsets() == offsets, 60)
    assert worker.stop() == 0


def test_a_topic_that_is_not_there_is_refused(line: Pipeline) -> None:
    said = refusal(line.worker())
    assert f"there is no topic '{line.topic}'" in said
    assert "TIDEGAUGE_KAFKA_TOPIC" in said
    assert "tidegauge topics" in said


def test_fewer_partitions_than_the_state_has_are_refused(line: Pipeline) -> None:
    line.create_topic()
    line.create_topic(line.worker_settings().changelog_topic, partitions=4)
    said = refusal(line.worker())
    assert "has 2 partitions, but there is state of 4" in said
    assert "TIDEGAUGE_KAFKA_APPLICATION" in said


def test_more_partitions_than_the_state_has_name_the_command_that_grows_it(line: Pipeline) -> None:
    line.create_topic()
    line.create_topic(line.worker_settings().changelog_topic, partitions=1)
    said = refusal(line.worker())
    assert "has grown to 2 partitions" in said
    assert "run `tidegauge topics`" in said


@pytest.mark.kafka
def test_a_changelog_that_forgets_is_refused_with_what_to_set(
    real_kafka: RealKafka, embedded_redis: EmbeddedRedis, tmp_path: Path
) -> None:
    with Pipeline(real_kafka.bootstrap, embedded_redis.url, tmp_path, partitions=2) as line:
        line.create_topic()
        changelog = line.worker_settings().changelog_topic
        line.create_topic(changelog)  # as a broker does by itself: old records are deleted
        said = refusal(line.worker())
        assert f"topic {changelog!r} holds the state" in said
        assert "Set cleanup.policy=compact on it" in said


def test_the_state_of_another_generation_is_refused_and_left_as_it_was(line: Pipeline) -> None:
    line.create_topic()
    send(line, pages(0, 100))
    worker = line.worker()
    wait_for("all is folded", lambda: worker.read_offsets() == {0: 100, 1: 0}, 60)
    published = wait_for("it is published", lambda: announced(line), 10)
    assert worker.stop() == 0
    before = stored(line)
    for foreign in (
        {"REPORTING_TIMEZONE": "Europe/Berlin"},
        {"PERSON_HASH_KEY": "another key of the tests"},
    ):
        said = refusal(line.worker(**foreign))
        assert "the stored state is of generation" in said
        assert "time zone" in said
        assert "key" in said
        assert "TIDEGAUGE_KAFKA_APPLICATION" in said
        assert announced(line) == published, "what exporters read was pointed elsewhere"
    send(line, pages(100, 100))
    fold(line, {0: 200, 1: 0})
    after = stored(line)
    assert before[0].outcomes == {"accepted": 100}
    assert after[0].outcomes == {"accepted": 200}


def test_a_worker_waits_for_kafka_says_so_and_begins_when_it_is_there(
    embedded_redis: EmbeddedRedis, tmp_path: Path
) -> None:
    broker = EmbeddedBroker()
    with Pipeline(broker.bootstrap, embedded_redis.url, tmp_path, partitions=1) as line:
        worker = line.worker()
        wait_for("it has tried for a while", lambda: "again in 8 s" in worker.log(), 40)
        status, reason = worker.get("readyz")
        assert status == 503
        assert f"Kafka does not answer at {broker.bootstrap}" in reason
        assert worker.get("healthz")[0] == 200
        assert "Traceback" not in worker.log()
        with broker:  # the next attempt is some seconds away
            line.create_topic()
            send(line, pages(0, 10))
            wait_for("it folds", lambda: worker.read_offsets() == {0: 10}, 40)
            wait_for("it keeps persons too", lambda: worker.get("readyz")[0] == 200, 40)
            assert worker.stop() == 0


def test_a_worker_that_waits_for_kafka_stops_when_told_to(tmp_path: Path) -> None:
    with Pipeline(f"127.0.0.1:{free_port()}", "redis://127.0.0.1:1", tmp_path) as line:
        worker = line.worker()
        wait_for("it waits", lambda: "trying again" in worker.log(), 20)
        assert worker.stop() == 0


def test_what_the_door_of_a_worker_refuses_is_told_before_kafka_is_there(tmp_path: Path) -> None:
    with Pipeline(f"127.0.0.1:{free_port()}", "redis://127.0.0.1:1", tmp_path) as line:
        worker = line.worker()
        wait_for("it answers", lambda: worker.get("healthz")[0] == 200, 60)
        with pytest.raises(HTTPError, match="405"):
            urlopen(f"http://127.0.0.1:{worker.port}/metrics", data=b"", timeout=5)
        name = "tidegauge_worker_refused_requests_total"
        found = {k[1][0][1]: v for k, v in worker.scrape().items() if k[0] == name}
    assert found == dict.fromkeys(REASONS, 0) | {"method": 1}


def test_a_worker_that_waits_for_its_partitions_stops_when_told_to(line: Pipeline) -> None:
    line.create_topic()
    fold(line, {0: 0, 1: 0})
    worker = line.worker(instance="b")  # the embedded broker keeps all for the one that left
    wait_for("it waits", lambda: "being assigned" in worker.get("readyz")[1], 20)
    assert worker.stop() == 0


def test_a_worker_without_redis_folds_and_says_what_it_lacks(line: Pipeline) -> None:
    line.create_topic()
    line.redis_url = f"redis://127.0.0.1:{free_port()}/0"
    send(line, pages(0, 100))
    worker = line.worker()
    wait_for("all is folded", lambda: worker.read_offsets() == {0: 100, 1: 0}, 40)
    status, reason = worker.get("readyz")
    assert status == 503
    assert "Redis does not answer" in reason
    assert worker.stop() == 0
    assert stored(line)[0].outcomes == {"accepted": 100}


def test_a_port_that_is_taken_is_one_line(line: Pipeline) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refusal(line.worker(WORKER_BIND=f"127.0.0.1:{port}"))
    assert f"port {port} on 127.0.0.1 is taken" in said
    assert "TIDEGAUGE_WORKER_BIND" in said


def test_every_error_of_the_configuration_is_told_at_once(line: Pipeline) -> None:
    worker = line.worker(
        WORKER_BIND="nowhere",
        REPORTING_TIMEZONE="Mars/Phobos",
        WORKER_CHECKPOINT_SECONDS="-1",
        KAFKA_TOPIX="events",
    )
    assert worker.wait(20) == 2
    for name in ("WORKER_BIND", "WORKER_CHECKPOINT_SECONDS", "KAFKA_TOPIX"):
        assert f"TIDEGAUGE_{name}" in worker.log()
    assert "Mars/Phobos" in worker.log()
    assert "Traceback" not in worker.log()


def test_a_topic_of_junk_stops_the_worker_until_it_is_accepted_once(line: Pipeline) -> None:
    junk = [JUNK % number for number in range(3_000)]
    line.settings["WORKER_MAX_DEAD_LETTERS_IN_A_ROW"] = "200"
    line.create_topic()
    send(line, pages(0, 500))
    fold(line, {0: 500, 1: 0})
    send(line, junk)
    send(line, pages(500, 500))
    for _ in range(2):
        said = refusal(line.worker())
        assert "too many records cannot be read" in said
        assert "--accept-dead-letters" in said
    state = stored(line)[0]
    assert state.offset == 500 + state.reasons.get("not_json", 0)
    letters = [letter.offset() for letter in line.rows(line.worker_settings().dead_letter_topic)]
    assert len(letters) <= 2 * 200
    fold(line, {0: 4_000, 1: 0}, "--accept-dead-letters", "3000")
    send(line, pages(1_000, 100))
    fold(line, {0: 4_100, 1: 0})
    assert stored(line)[0].outcomes == {"accepted": 1_100, "dead_letter": 3_000}
    assert stored(line)[0].reasons == {"not_json": 3_000}


def test_the_letters_of_accepted_junk_are_all_written(line: Pipeline) -> None:
    line.create_topic()
    send(line, [JUNK % number for number in range(2_500)], partition=1)
    fold(line, {0: 0, 1: 2_500}, "--accept-dead-letters", "2500")
    letters = line.rows(line.worker_settings().dead_letter_topic)
    offsets = {dict(letter.headers())["offset"] for letter in letters}
    assert offsets == {b"%d" % number for number in range(2_500)}
