"""`topics`, `simulate` and `check` against a broker, as an operator runs them."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType

from tests.kafka_server import RealKafka
from tests.tidegauge.demo_process import wait_for
from tests.tidegauge.recount import recount
from tidegauge.embedded import EmbeddedBroker, EmbeddedRedis
from tidegauge.simulator import Ledger

NUMBERS = itertools.count(1)
SEARCHES = """
[metrics.searches]
title = "Searches"
definition = "Searches people ran."
formula = "count of Search Performed"
kind = "count"
events = [{ name = "Search Performed" }]
[metrics.searches.example]
events = [{ at = 2026-03-02T10:00:00, person = "ada", event = "Search Performed" }]
at = 2026-03-02T10:01:00
"""
PAGE = {"type": "page", "messageId": "m", "userId": "u", "name": "Home"}


class Operator:
    """Runs commands for one deployment with topics of its own."""

    def __init__(self, bootstrap: str, redis_url: str = "redis://127.0.0.1:1", **more: str) -> None:
        self.bootstrap = bootstrap
        self.name = f"operator-{os.getpid()}-{next(NUMBERS)}"
        self.source, self.changelog = f"{self.name}-in", f"{self.name}-units-changelog"
        self.facts, self.persons = f"{self.name}-facts", f"{self.name}-persons-changelog"
        self.dead_letters = f"{self.name}-dead-letters"
        settings = {
            "KAFKA_BOOTSTRAP": bootstrap,
            "KAFKA_TOPIC": self.source,
            "KAFKA_APPLICATION": self.name,
            "REDIS_URL": redis_url,
            **more,
        }
        self._environment = {f"TIDEGAUGE_{key}": value for key, value in settings.items()}
        self._environment |= {"PATH": os.environ["PATH"], "COLUMNS": "200"}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command."""
        return subprocess.Popen(
            [sys.executable, "-m", "tidegauge", *arguments],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Run a command to its end: exit code, standard output and error."""
        with self.start(*arguments) as process:
            out, error = process.communicate(timeout=60)
        assert "Traceback" not in error
        return process.returncode, out, error

    def topics(self, *arguments: str) -> list[list[str]]:
        """Rows of what `tidegauge topics` prints."""
        code, out, error = self.run("topics", *arguments)
        assert (code, error) == (0, "")
        return [line.rstrip().split(None, 3) for line in out.splitlines()[1:]]

    def create(self, topic: str, partitions: int, configs: dict[str, str] | None = None) -> None:
        """Create a topic by other means."""
        wanted = {"num_partitions": partitions, "replication_factor": 1, "configs": configs or {}}
        with self._admin() as admin:
            admin.create_topics({topic: wanted}, wait_for_metadata=True)

    def grow(self, partitions: int) -> None:
        """Give the source topic more partitions."""
        with self._admin() as admin:
            admin.create_partitions({self.source: partitions})

    def set(self, topic: str, name: str, value: str) -> None:
        """Change a setting of a topic."""
        with self._admin() as admin:
            admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {name: value})])

    def _admin(self) -> contextlib.closing[Any]:
        return contextlib.closing(KafkaAdminClient(bootstrap_servers=self.bootstrap))

    def send(self, *values: bytes | dict[str, Any]) -> None:
        """Send records to the source topic."""
        producer = KafkaProducer(bootstrap_servers=self.bootstrap, enable_idempotence=False)
        for value in values:
            text = value if isinstance(value, bytes) else json.dumps(value).encode()
            producer.send(self.source, text, partition=0)
        producer.flush(30)
        producer.close()


@pytest.fixture
def operator(embedded_broker: EmbeddedBroker, embedded_redis: EmbeddedRedis) -> Operator:
    return Operator(embedded_broker.bootstrap, embedded_redis.url)


def test_topics_are_created_once_and_then_left_as_they_are(broker: str) -> None:
    operator = Operator(broker)
    names = [
        operator.source,
        operator.changelog,
        operator.facts,
        operator.persons,
        operator.dead_letters,
    ]
    assert operator.topics("--partitions", "3") == [[name, "3", "1", "created"] for name in names]
    assert operator.topics() == [[name, "3", "1", "was there"] for name in names]


@pytest.mark.kafka
def test_topics_of_tidegauge_grow_with_the_source_but_for_the_shards_of_persons(
    real_kafka: RealKafka,
) -> None:
    operator = Operator(real_kafka.bootstrap)
    operator.topics("--partitions", "2")
    operator.grow(5)
    assert operator.topics() == [
        [operator.source, "5", "1", "was there"],
        [operator.changelog, "5", "1", "grown from 2"],
        [operator.facts, "2", "1", "was there"],
        [operator.persons, "2", "1", "was there"],
        [operator.dead_letters, "5", "1", "grown from 2"],
    ]


def test_a_source_is_never_grown_by_tidegauge(operator: Operator) -> None:
    operator.create(operator.source, 2)
    code, out, error = operator.run("topics", "--partitions", "4")
    assert (code, out) == (2, "")
    assert f"topic '{operator.source}' has 2 partitions and is yours" in error
    assert [row[3] for row in operator.topics()] == ["was there", *["created"] * 4]


def test_topics_does_nothing_for_a_source_that_is_smaller_than_its_state(
    operator: Operator,
) -> None:
    operator.create(operator.source, 2)
    operator.create(operator.changelog, 3)
    code, out, error = operator.run("topics")
    assert (code, out) == (2, "")
    assert "has 2 partitions, but there is state of 3" in error
    _, out, _ = operator.run("check")
    assert f"topic {operator.dead_letters!r} is not there yet" in out


def test_topics_that_cannot_grow_are_told_in_a_line(operator: Operator) -> None:
    operator.create(operator.source, 3)
    operator.create(operator.changelog, 2)
    code, _, error = operator.run("topics")  # the embedded broker lets no topic grow
    assert code == 2
    assert len(error.splitlines()) == 1
    assert "does not support the 'CreatePartitionsRequest'" in error


@pytest.mark.kafka
def test_more_replicas_than_there_are_brokers_are_told_with_the_setting(
    real_kafka: RealKafka,
) -> None:
    operator = Operator(real_kafka.bootstrap, KAFKA_REPLICATION_FACTOR="3")
    code, out, error = operator.run("topics", "--partitions", "1")
    assert (code, out) == (2, "")
    assert len(error.splitlines()) == 1
    assert "only 1 broker(s) are registered. Set TIDEGAUGE_KAFKA_REPLICATION_FACTOR" in error
    assert "CreateTopicsRequest" not in error


@pytest.mark.kafka
def test_topics_and_check_say_what_settings_lose_and_fail_where_no_worker_would_start(
    real_kafka: RealKafka, embedded_redis: EmbeddedRedis
) -> None:
    operator = Operator(real_kafka.bootstrap, embedded_redis.url)
    operator.create(operator.source, 1, {"retention.ms": "3600000"})
    code, out, error = operator.run("topics")
    assert (code, error) == (0, "")
    assert f"! topic {operator.source!r} keeps events for 1 hour: " in out
    assert "CreateTime" not in out
    code, out, error = operator.run("check")
    assert (code, error) == (0, "")
    assert f"✓ Kafka: topic {operator.changelog!r}, 1 partition, 1 replica" in out
    assert f"! topic {operator.source!r} keeps events for 1 hour: " in out
    assert f"· topic {operator.source!r} holds the producers' timestamps" in out
    operator.set(operator.changelog, "cleanup.policy", "delete")
    code, out, error = operator.run("topics")
    assert code == 2
    assert f"tidegauge: topic {operator.changelog!r} holds the state" in error
    code, out, error = operator.run("check")
    assert (code, error) == (1, "")
    assert f"✗ topic {operator.changelog!r} holds the state" in out


def test_check_works_out_the_examples_of_ones_own_metrics(
    operator: Operator, tmp_path: Path
) -> None:
    operator.create(operator.source, 1)
    operator.topics()
    file = tmp_path / "tidegauge.toml"
    for times, expected in ((1, 0), (2, 1)):
        file.write_text(SEARCHES + f"gives = {{ searches_total = {times} }}", encoding="utf-8")
        code, out, error = operator.run("check", "--config", str(file))
        assert (code, error) == (expected, "")
        said = "✗ metrics.searches.example: searches_total is 1, not 2" in out
        assert said == bool(expected)


@pytest.mark.parametrize("command", ["topics", "simulate", "check"])
def test_a_missing_topic_is_told_with_the_command_that_creates_it(
    operator: Operator, command: str
) -> None:
    code, out, error = operator.run(command)
    assert code == (1 if command == "check" else 2)
    told = out if command == "check" else error
    assert f"there is no topic {operator.source!r}" in told.splitlines()[-1]
    assert "--partitions N" in told.splitlines()[-1]


def test_simulate_writes_a_ledger_that_its_events_recount_to(
    operator: Operator, tmp_path: Path
) -> None:
    operator.topics("--partitions", "2")
    events, ledger_file = tmp_path / "events.jsonl", tmp_path / "ledger.json.gz"
    code, out, error = operator.run(
        *("simulate", "--duration", "3", "--rate", "400", "--history-events", "2000"),
        *("--events", str(events), "--ledger", str(ledger_file)),
    )
    assert (code, out) == (0, "")
    lines = events.read_text("ascii").splitlines()
    assert f"Sent {len(lines):,} records" in error
    counts, ledger = recount(lines), Ledger.load(ledger_file)
    assert ledger.total() == len(lines)
    outcomes = ("dead_letter", "future", "bot", "late", "duplicate", "accepted")
    assert {name: ledger.total(name) for name in outcomes} == {n: counts[n] for n in outcomes}
    found = ledger.windows(0)
    assert found["interactions_total", ()] == counts["interactions"]
    assert found["conversions_total", (("goal", "order"),)] == counts["orders"]


def test_an_interrupted_simulation_still_writes_its_ledger(
    operator: Operator, tmp_path: Path
) -> None:
    operator.topics("--partitions", "1")
    events, ledger_file = tmp_path / "events.jsonl", tmp_path / "ledger.json"
    with operator.start(
        *("simulate", "--rate", "50", "--history-events", "0"),
        *("--events", str(events), "--ledger", str(ledger_file)),
    ) as process:
        wait_for("records are sent", lambda: events.exists() and events.stat().st_size)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert Ledger.load(ledger_file).total() == len(events.read_text("ascii").splitlines())


def test_a_simulation_without_live_traffic_ends_after_its_history(operator: Operator) -> None:
    operator.topics("--partitions", "1")
    code, _, error = operator.run("simulate", "--duration", "0", "--history-events", "500")
    assert code == 0
    assert "Sent 500 records" in error


def test_check_of_an_empty_topic_says_so(operator: Operator) -> None:
    operator.topics("--partitions", "1")
    code, out, error = operator.run("check")
    assert (code, error) == (0, "")
    assert out.splitlines()[-1] == "The topic is empty: nothing to sample yet."


def test_check_says_what_each_record_meets_and_why_others_meet_nothing(operator: Operator) -> None:
    operator.topics("--partitions", "1")
    track = {"type": "track", "messageId": "m", "userId": "u"}
    operator.send(
        PAGE,
        PAGE | {"context": {"bot": True}},
        track | {"event": "Order Completed", "properties": {"revenue": "free"}},
        track | {"event": "Brand Mentioned", "properties": {"channel": "[/red]pigeon"}},
        track | {"event": "Door \x1b[31mOpened [bold]"},
        b"no JSON [/red] \x1b[2J",
        b"[]",
    )
    code, out, error = operator.run("check")
    assert (code, error) == (0, "")
    assert "7 records sampled: 5 can be read, 1 are bots, 0 name no person" in out
    split = [line.rstrip().split(None, 2) for line in out.splitlines() if line.strip()]
    rows = {metric: found for metric, *found in split}
    assert rows["page_views"] == ["1"]
    assert rows["interactions"] == ["4"]
    assert rows["revenue"][0] == "0"
    assert "1 left out: not a number" in rows["revenue"][1]
    assert rows["mentions"] == ["1", "1 have a channel that counts as __other__"]
    assert rows["shares"] == ["0", "no event of the sample counts here"]
    assert r"track 'Door \x1b[31mOpened [bold]' (an interaction, nothing more)" in out
    assert "1 dead letters: not_json" in out
    assert "1 dead letters: not_object" in out
    assert "partition 0, offset 6: " in out
    assert "\x1b" not in out


@pytest.mark.kafka  # the embedded broker misplaces the end of a topic
def test_check_reads_no_more_than_the_latest_records_it_is_asked_for(
    real_kafka: RealKafka,
) -> None:
    operator = Operator(real_kafka.bootstrap)
    operator.topics("--partitions", "1")
    operator.send(*[b"old"] * 20, *[PAGE] * 10)
    _, out, _ = operator.run("check", "--sample", "10")
    assert "10 records sampled: 10 can be read" in out


def test_check_fails_when_redis_does_not_answer(embedded_broker: EmbeddedBroker) -> None:
    operator = Operator(embedded_broker.bootstrap)
    operator.topics("--partitions", "1")
    code, out, _ = operator.run("check")
    assert code == 1
    assert "✗ Redis: " in out
    assert "✓ Kafka: " in out
