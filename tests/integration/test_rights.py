"""Each command does with Kafka what the documented rights allow, and says which it lacks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from agents import topics
from agents.settings import Refusal
from tests.documented_rights import (
    ELSEWHERE,
    Right,
    documented,
    grant,
    resources,
    revoke,
    user_of,
)
from tests.integration.checks import check_all
from tests.integration.pipeline import Pipeline, Service, wait_for
from tests.integration.truth import LedgerByPartition
from tests.locked_kafka import LIMITED, LockedKafka
from tidegauge.embedded import EmbeddedRedis
from tidegauge.simulator.simulation import Simulation

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]

RECORDS, HOUR, PARTITIONS = 3_000, 3_600, 2
OF_WORKER = [right for right in documented()["worker"] if right.column != ELSEWHERE]
LAUNCH = ("--metric", "conversions")


@pytest.fixture(scope="module")
def admin(locked_kafka: LockedKafka) -> Iterator[KafkaAdminClient]:
    """Who may do everything."""
    client = KafkaAdminClient(bootstrap_servers=locked_kafka.bootstrap)
    yield client
    client.close()


@pytest.fixture
def line(
    locked_kafka: LockedKafka, embedded_redis: EmbeddedRedis, tmp_path: Path
) -> Iterator[Pipeline]:
    with Pipeline(
        locked_kafka.bootstrap,  # for the judge, who comes in by the open door
        embedded_redis.url,
        tmp_path,
        idempotent=True,
        partitions=PARTITIONS,
        settings=locked_kafka.by_password,
    ) as pipeline:
        yield pipeline


def grant_all(admin: KafkaAdminClient, line: Pipeline) -> None:
    for command, rights in documented().items():
        for right in rights:
            grant(admin, line.worker_settings(), user_of(command), right)


def run(line: Pipeline, command: str, *options: str) -> str:
    """Run a command as the user that has its rights; what it says."""
    done = line.run(*command.split(), *options, KAFKA_USERNAME=user_of(command))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def work(line: Pipeline, instance: str) -> Service:
    return line.worker(instance=instance, KAFKA_USERNAME="worker")


def ready(worker: Service) -> bool:
    return worker.get("readyz")[0] == 200


def count(line: Pipeline) -> Service:
    """Let a worker begin, kill it, and let a second one come to the ledger's numbers."""
    kafka = replace(line.kafka, username="simulate")
    first = work(line, "a")
    with Simulation(kafka=kafka, topic=line.topic, partitions=PARTITIONS, rate=0) as traffic:
        ledger = LedgerByPartition.of(traffic)
        traffic.preload(RECORDS, 2 * HOUR, int(time.time() - 3 * HOUR) * 1000)
        wait_for("it is folded", lambda: first.read_offsets() == ledger.ends(), 120)
        second = work(line, "b")
        wait_for("both work", lambda: ready(first) and ready(second), 120)
        first.kill()
        wait_for("the second has all", lambda: second.read_offsets() == ledger.ends(), 120)
        wait_for("it knows all persons", lambda: ready(second), 120)
    check_all(line, ledger)
    return second


@pytest.mark.long
def test_the_documented_rights_are_enough_for_each_command(
    admin: KafkaAdminClient, line: Pipeline, tmp_path: Path
) -> None:
    grant_all(admin, line)
    assert "created" in run(line, "topics", "--partitions", str(PARTITIONS))
    worker = count(line)
    file = tmp_path / "subscribers.csv"
    file.write_text("user_id,plan,subscribed_at\nada,pro,2025-01-01\n")
    run(line, "simulate", "--duration", "0", "--history-events", "50")
    run(line, "import", str(file))
    run(line, "launch start", "Checkout", *LAUNCH)
    run(line, "launch end", "Checkout")
    run(line, "forget", "ada")
    run(line, "replay")
    assert "✗" not in run(line, "check")
    admin.create_partitions({line.topic: PARTITIONS + 1})
    assert worker.wait(120) == 2
    assert "grown from 2" in run(line, "topics")
    worker = work(line, "c")
    wait_for("it has what is new", lambda: len(worker.read_offsets()) == PARTITIONS + 1, 120)
    wait_for("it goes on", lambda: ready(worker), 120)
    assert worker.stop() == 0


def test_the_first_worker_makes_the_topics_that_are_not_there(
    admin: KafkaAdminClient, line: Pipeline
) -> None:
    line.create_topic()
    grant_all(admin, line)
    settings = line.worker_settings()
    allowed = replace(settings, kafka=replace(settings.kafka, username="worker"))
    assert topics.prepare(allowed).source.partitions == PARTITIONS


@pytest.mark.parametrize("lacking", OF_WORKER, ids=lambda right: f"{right.does} {right.column}")
def test_a_worker_is_told_which_right_it_lacks(
    admin: KafkaAdminClient, line: Pipeline, lacking: Right
) -> None:
    settings = line.worker_settings()
    topics.ensure(settings, PARTITIONS)
    for right in OF_WORKER:
        if right != lacking:
            grant(admin, settings, "worker", right)
    limited = replace(settings, kafka=replace(settings.kafka, username="worker"))
    with pytest.raises(Refusal) as refused:
        topics.prepare(limited)
    for kind, name in resources(settings, lacking.column):
        assert f"{lacking.does} {kind.name.lower()} {name!r}" in str(refused.value)
    assert "let user 'worker' " in str(refused.value)
    assert str(refused.value).endswith("give the rights that docs/architecture.md lists")
    grant(admin, settings, "worker", lacking)
    assert wait_for("it is let", lambda: topics.prepare(limited), 10)


def test_a_worker_that_lacks_rights_ends_with_one_line_that_names_them(
    admin: KafkaAdminClient, line: Pipeline
) -> None:
    settings = line.worker_settings()
    topics.ensure(settings, PARTITIONS)
    grant_all(admin, line)
    lacking = [right for right in OF_WORKER if right.does == "read"]
    for right in lacking:
        revoke(admin, settings, "worker", right)
    worker = work(line, "a")
    assert worker.wait(120) == 2
    (told,) = [text for text in worker.log().splitlines() if " INFO " not in text]
    for right in lacking:
        for kind, name in resources(settings, right.column):
            assert f"read {kind.name.lower()} {name!r}" in told
    checked = line.run("check", KAFKA_USERNAME="worker")
    assert checked.returncode == 1
    assert f"! Kafka does not let user 'worker' read topic '{line.topic}'" in checked.stdout
    assert "which a worker needs: give the rights that docs/architecture.md" in checked.stdout


@pytest.mark.parametrize("command", ["replay", "simulate", "forget ada", "launch start Checkout"])
def test_who_may_do_nothing_is_told_what_is_needed(line: Pipeline, command: str) -> None:
    topics.ensure(line.worker_settings(), PARTITIONS)
    more = LAUNCH if "launch" in command else ()
    done = line.run(*command.split(), *more, KAFKA_USERNAME=LIMITED[0])
    assert done.returncode == 2
    told = done.stderr.splitlines()[-1]
    right = "read" if command == "replay" else "write"
    assert f"does not let user 'worker' {right} topic '{line.topic}'" in told
