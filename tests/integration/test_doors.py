"""A whole pipeline behind locked doors comes to the ledger's numbers, and tells nobody the keys."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import program
from tests.integration.checks import check_all
from tests.integration.pipeline import Pipeline, Service, wait_for
from tests.integration.truth import LedgerByPartition
from tests.locked_kafka import PASSWORD, LockedKafka
from tests.locked_redis import LockedRedis
from tidegauge.embedded import EmbeddedRedis
from tidegauge.simulator.simulation import Simulation

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]

RECORDS, HOUR, PARTITIONS = 4_000, 3_600, 2
NAME = f"doors{time.time_ns():x}"
SUBSCRIBERS = "user_id,plan,subscribed_at\nada,pro,2025-01-01\n"


@pytest.fixture(scope="module")
def locked_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LockedRedis]:
    folder = tmp_path_factory.mktemp("doors-of-redis")
    with LockedRedis(program("redis", "redis-server"), folder, NAME) as server:
        yield server


def count(line: Pipeline, *options: str, **worker_settings: str) -> Service:
    """Let a worker count all that is sent, and compare every number with the ledger's."""
    done = line.run("topics", "--partitions", str(PARTITIONS))
    assert (done.returncode, done.stderr) == (0, "")
    with Simulation(kafka=line.kafka, topic=line.topic, partitions=PARTITIONS, rate=0) as traffic:
        ledger = LedgerByPartition.of(traffic)
        traffic.preload(RECORDS, 2 * HOUR, int(time.time() - 3 * HOUR) * 1000)
    worker = line.worker(*options, **worker_settings)
    wait_for("all is folded", lambda: worker.read_offsets() == ledger.ends(), 120)
    check_all(line, ledger, *options)
    return worker


@pytest.mark.redis
def test_by_password_and_tls_all_commands_work_and_no_secret_is_seen(
    locked_kafka: LockedKafka, locked_redis: LockedRedis, tmp_path: Path
) -> None:
    password = tmp_path / "kafka-password"
    password.write_text(f"{PASSWORD}\n")
    settings = locked_kafka.by_password | locked_redis.settings("exporter")
    settings["KAFKA_PASSWORD_FILE"] = str(password)
    del settings["KAFKA_PASSWORD"]
    writing = locked_redis.settings("worker")
    secrets = {
        PASSWORD,
        *(locked_redis.password_file(u).read_text() for u in ("worker", "exporter")),
    }
    bootstrap = locked_kafka.bootstrap  # for the judge, who comes in by the open door
    with Pipeline(
        bootstrap, locked_redis.url, tmp_path, partitions=PARTITIONS, settings=settings, name=NAME
    ) as line:
        worker = count(line, "--verbose", **writing)
        said = [service.log() + service.command_line() for service in line.services]
        file = tmp_path / "subscribers.csv"
        file.write_text(SUBSCRIBERS)
        commands: list[tuple[tuple[str, ...], dict[str, str]]] = [
            (("check",), {}),
            (("check",), writing),
            (("simulate", "--duration", "0", "--history-events", "50"), {}),
            (("import", str(file)), {}),
            (("launch", "start", "Checkout", "--metric", "conversions"), {}),
            (("launch", "list"), {}),
            (("replay",), writing),
        ]
        for command, more in commands:
            done = line.run(*command, "--verbose", **more)
            assert done.returncode == 0, done.stdout + done.stderr
            said.append(done.stdout + done.stderr)
        assert worker.stop() == 0
        said.append(worker.log())
    assert all(said)
    assert not any(secret in text for secret in secrets for text in said)


def test_by_certificate_a_pipeline_comes_to_the_ledger(
    locked_kafka: LockedKafka, embedded_redis: EmbeddedRedis, tmp_path: Path
) -> None:
    settings = locked_kafka.by_certificate(locked_kafka.authority.sign("pipeline"))
    bootstrap, url = locked_kafka.bootstrap, embedded_redis.url
    with Pipeline(bootstrap, url, tmp_path, partitions=PARTITIONS, settings=settings) as line:
        assert count(line).stop() == 0
        assert line.run("check").returncode == 0


def test_a_worker_that_is_not_let_in_ends_with_one_line_that_says_why(
    locked_kafka: LockedKafka, tmp_path: Path
) -> None:
    settings = locked_kafka.by_password | {"KAFKA_PASSWORD": "wrong-hush"}
    url = "redis://:hush-of-redis@127.0.0.1:1"
    with Pipeline(locked_kafka.bootstrap, url, tmp_path, settings=settings) as line:
        worker = line.worker()
        assert worker.wait(60) == 2
        (told,) = [text for text in worker.log().splitlines() if " ERROR " in text]
        assert "refuses user 'tide'" in told
        assert told.endswith("see kafka.username and kafka.password")
        assert "Traceback" not in worker.log()
        checked = line.run("check", "--verbose")
        assert checked.returncode == 1
        assert "✗ Kafka: Kafka at" in checked.stdout
        assert "✗ Redis: Error 111 connecting to 127.0.0.1:1" in checked.stdout
        assert "hush" not in worker.log() + checked.stdout + checked.stderr


@pytest.mark.redis
def test_an_exporter_that_is_not_let_in_says_why_and_waits(
    locked_redis: LockedRedis, tmp_path: Path
) -> None:
    settings = locked_redis.settings("exporter")
    del settings["REDIS_PASSWORD_FILE"]
    settings["REDIS_PASSWORD"] = "wrong-hush"
    with Pipeline("127.0.0.1:1", locked_redis.url, tmp_path, settings=settings) as line:
        exporter = line.exporter()
        status, told = exporter.get("readyz")
        assert status == 503
        assert "see redis.username and redis.password" in told
        assert exporter.scrape()["tidegauge_up", ()] == 0
        assert "hush" not in told + exporter.log()
