"""A source that gets more partitions while two workers count it: refused in words, then counted.

Only a real Kafka lets a topic grow.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from tests.integration.pipeline import Pipeline, Samples, Service, wait_for
from tests.integration.truth import (
    LedgerByPartition,
    business,
    differences,
    stored,
    true_state,
)
from tests.kafka_server import RealKafka
from tidegauge.embedded import EmbeddedRedis
from tidegauge.simulator.simulation import Simulation

BEFORE, MEANWHILE, AFTER = 20_000, 10_000, 10_000
HOUR = 3_600
NOTICED_SECONDS = 60
"""Workers look each 5 s; one that stops may let the other wait for a session."""
SESSION_SECONDS = 12
"""Longer than a worker is away that is started again at once."""
STALE_SECONDS = 5


class Growing:
    """A topic that begins with four partitions, its traffic and the truth about all of it."""

    def __init__(self, line: Pipeline) -> None:
        self.line = line
        self.ledger = LedgerByPartition("UTC")
        self._hours = 0
        self._begin = int(time.time()) - 10 * HOUR
        line.create_topic()

    def send(self, count: int) -> None:
        """Send the records of one more hour to all partitions there are."""
        begin = (self._begin + self._hours * HOUR) * 1000
        self._hours += 1
        with Simulation(
            kafka=self.line.kafka,
            topic=self.line.topic,
            partitions=self.line.partitions,
            rate=0,
            seed=self._hours,
        ) as traffic:
            traffic.ledger = traffic._sender._ledger = self.ledger
            traffic.preload(count, HOUR, begin)
            assert traffic.unexplained_records == 0

    def grow(self, partitions: int) -> None:
        """Give the source more partitions, as its owner does."""
        with closing(KafkaAdminClient(bootstrap_servers=self.line.bootstrap)) as admin:
            admin.create_partitions({self.line.topic: partitions})
        self.line.partitions = partitions

    def run(self, command: str) -> str:
        """What `tidegauge topics`, or another command, prints."""
        return subprocess.run(
            [sys.executable, "-m", "tidegauge", command],
            env={"PATH": os.environ["PATH"], **self.line.environment()},
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def workers(self) -> list[Service]:
        """Start two."""
        return [self.line.worker(instance=name) for name in "ab"]

    def wait_until_folded(self, workers: list[Service]) -> None:
        """Wait until the two have read all there is."""

        def stand() -> dict[int, int]:
            assert all(worker.running() for worker in workers)
            return workers[0].read_offsets() | workers[1].read_offsets()

        wait_for("all is folded", lambda: stand() == self.ledger.ends(), 90)

    def shown(self, scraped: Samples) -> Samples:
        """The product's series of a scrape."""
        return business(self.line.worker_settings().folding, scraped)

    def check_exporter(self, exporter: Service) -> None:
        """Hold every series against the ledger, once all that was folded is published."""
        folding = self.line.worker_settings().folding
        wait_for(
            "the exporter shows the truth",
            lambda: not differences(self.ledger, folding, exporter.scrape()),
            30,
        )

    def check_state(self) -> None:
        """Hold every pane of every partition against the ledger; no worker may run."""
        states = stored(self.line)
        assert states.keys() == self.ledger.ends().keys()
        for number, state in states.items():
            assert state == true_state(self.ledger, number, state.watermark)


@pytest.fixture
def growing(
    real_kafka: RealKafka, embedded_redis: EmbeddedRedis, tmp_path: Path
) -> Iterator[Growing]:
    with Pipeline(
        real_kafka.bootstrap,
        embedded_redis.url,
        tmp_path,
        idempotent=True,
        settings={
            "EXPORTER_STALE_AFTER_SECONDS": str(STALE_SECONDS),
            "WORKER_SESSION_SECONDS": str(SESSION_SECONDS),
        },
    ) as line:
        yield Growing(line)
        for service in line.services:
            print(service.log())  # noqa: T201 - shown when the test fails


def up(exporter: Service) -> float | None:
    return exporter.scrape().get(("tidegauge_up", ()))


def stop(workers: list[Service]) -> None:
    for worker in workers:
        worker.terminate()
    assert [worker.wait(30) for worker in workers] == [0, 0]


def refusals(workers: list[Service]) -> list[str]:
    """The last line of each, once it has refused to go on."""
    assert [worker.wait(NOTICED_SECONDS) for worker in workers] == [2] * len(workers)
    assert not any("Traceback" in worker.log() for worker in workers)
    return [worker.log().splitlines()[-1] for worker in workers]


@pytest.mark.kafka
@pytest.mark.timeout(300)
def test_a_topic_that_grows_is_refused_in_words_and_counted_once_its_state_has_grown(
    growing: Growing,
) -> None:
    growing.send(BEFORE)
    workers = growing.workers()
    growing.wait_until_folded(workers)
    stop(workers)
    workers = growing.workers()  # members that come back: none of them is told to lead the group
    growing.wait_until_folded(workers)
    exporter = growing.line.exporter()
    growing.check_exporter(exporter)
    growing.grow(6)
    growing.send(MEANWHILE)
    for said in refusals(workers):
        assert "has grown from 4 to 6 partitions; run `tidegauge topics`" in said
    wait_for("what was published is stale", lambda: up(exporter) == 0, STALE_SECONDS + 10)
    assert not growing.shown(exporter.scrape())
    (said,) = refusals([growing.line.worker()])
    assert "has grown to 6 partitions" in said
    assert growing.run("topics").count("grown from 4") == 2
    workers = growing.workers()
    growing.wait_until_folded(workers)
    growing.send(AFTER)
    growing.wait_until_folded(workers)
    growing.check_exporter(exporter)
    stop(workers)
    growing.check_state()


@pytest.mark.kafka
@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_topic_whose_state_grows_at_once_still_ends_workers_that_know_it_smaller(
    growing: Growing,
) -> None:
    growing.send(BEFORE)
    workers = growing.workers()
    growing.wait_until_folded(workers)
    growing.grow(5)
    assert growing.run("topics").count("grown from 4") == 2
    growing.send(MEANWHILE)
    for said in refusals(workers):
        assert "has grown from 4 to 5 partitions" in said
    workers = growing.workers()
    growing.wait_until_folded(workers)
    growing.check_exporter(growing.line.exporter())
    stop(workers)
    growing.check_state()


@pytest.mark.kafka
@pytest.mark.timeout(300)
def test_new_partitions_are_given_to_workers_that_come_back_within_their_session(
    growing: Growing,
) -> None:
    growing.send(BEFORE)
    workers = growing.workers()
    growing.wait_until_folded(workers)
    growing.run("replay")  # from then on it is another lineage that counts, in them too
    growing.check_exporter(growing.line.exporter())
    stop(workers)
    growing.grow(6)
    growing.run("topics")
    workers = growing.workers()
    growing.send(MEANWHILE)
    growing.wait_until_folded(workers)
    growing.check_exporter(growing.line.exporter())
    stop(workers)
