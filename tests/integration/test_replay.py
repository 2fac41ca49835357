"""`tidegauge replay` beside a live pipeline: the state is made anew and nobody sees a seam."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from kafka import KafkaProducer

from tests.integration.background import InBackground
from tests.integration.checks import check_states, published_ends, scrape_of_all
from tests.integration.pipeline import ON_KAFKA_FIRST, Pipeline, Samples, Service, wait_for
from tests.integration.replaying import changelog, lineages, replay, replayed, stored
from tests.integration.truth import LedgerByPartition, business, differences, published
from tests.kafka_server import RealKafka
from tidegauge.embedded import EmbeddedRedis
from tidegauge.simulator.simulation import Simulation

HISTORY, LONG_HISTORY, RATE = 20_000, 60_000, 500
HOUR = 3_600


class Watch(InBackground):
    """Scrapes an exporter all the time: everything is there, and no total falls."""

    def __init__(self, line: Pipeline, exporter: Service) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.scrapes = 0
        self._folding = line.worker_settings().folding
        self._exporter = exporter
        self._last: Samples = {}

    def _run(self) -> None:
        while not self._over.wait(0.02):
            scraped = self._exporter.scrape()
            self.scrapes += 1
            if scraped.get(("tidegauge_up", ())) != 1:
                self.wrong.append(f"not up: {self._exporter.get('readyz')[1]}")
                continue
            totals = {
                key: value
                for key, value in business(self._folding, scraped).items()
                if key[0].endswith("_total")
            }
            self.wrong += [
                f"{key}: {totals.get(key)} after {value}"
                for key, value in self._last.items()
                if totals.get(key, 0) < value
            ]
            self._last = totals


@contextmanager
def live(traffic: Simulation) -> Iterator[None]:
    """Traffic at its rate, in a thread, until the block ends."""
    stop = threading.Event()
    thread = threading.Thread(target=traffic.run_live, kwargs={"stop": stop})
    thread.start()
    try:
        yield
        assert thread.is_alive()
    finally:
        stop.set()
        thread.join()


def all_beyond(found: dict[int, int], ends: dict[int, int]) -> bool:
    return all(found[number] > end for number, end in ends.items())


@pytest.fixture
def line(
    request: pytest.FixtureRequest, broker: str, embedded_redis: EmbeddedRedis, tmp_path: Path
) -> Iterator[Pipeline]:
    real = request.node.callspec.params["broker"] == "kafka"
    with Pipeline(broker, embedded_redis.url, tmp_path, idempotent=real) as pipeline:
        pipeline.create_topic()
        yield pipeline


def preload(traffic: Simulation, count: int) -> None:
    """So many events over ten hours, after those that were sent before."""
    begin = time.time() - (10 if traffic.ledger.total() else 20) * HOUR
    traffic.preload(count, 10 * HOUR, int(begin) * 1000)


@ON_KAFKA_FIRST
def test_a_replay_beside_live_workers_shows_no_seam_and_they_go_on_from_it(line: Pipeline) -> None:
    with Simulation(kafka=line.kafka, topic=line.topic, partitions=4, rate=RATE) as traffic:
        ledger = LedgerByPartition.of(traffic)
        preload(traffic, HISTORY)
        workers, exporter = [line.worker(instance="a"), line.worker(instance="b")], line.exporter()
        wait_for("both own partitions", lambda: all(w.read_offsets() for w in workers), 60)
        wait_for("all is shown", lambda: published_ends(line) == ledger.ends(), 60)
        wait_for("persons are shown too", lambda: exporter.get("readyz")[0] == 200, 30)
        with Watch(line, exporter) as watch, live(traffic):
            replayed(line)
            ends = ledger.ends()
            wait_for("the workers go on", lambda: all_beyond(published_ends(line), ends), 20)
        assert not watch.wrong
        assert watch.scrapes > 10
    wait_for("all is shown", lambda: published_ends(line) == ledger.ends(), 20)
    assert not differences(ledger, line.worker_settings().folding, scrape_of_all(exporter))
    assert [worker.stop() for worker in workers] == [0, 0]
    check_states(published(line), ledger)
    check_states(stored(line), ledger)
    assert lineages(line) == {"1"}


@ON_KAFKA_FIRST
def test_after_a_change_of_the_time_zone_a_replay_lets_workers_with_the_new_one_go_on(
    line: Pipeline,
) -> None:
    zone = "Asia/Kathmandu"
    with Simulation(
        kafka=line.kafka, topic=line.topic, partitions=4, rate=0, timezone=zone
    ) as traffic:
        ledger = LedgerByPartition.of(traffic)
        preload(traffic, HISTORY)
        worker = line.worker()
        wait_for("all is folded", lambda: worker.read_offsets() == ledger.ends(), 60)
        assert worker.stop() == 0
        line.settings["REPORTING_TIMEZONE"] = zone
        refused = line.worker()
        assert refused.wait(60) == 2
        assert "`tidegauge replay`" in refused.log()
        replayed(line)
        preload(traffic, HISTORY)
        worker, exporter = line.worker(), line.exporter()
        wait_for("all is shown", lambda: published_ends(line) == ledger.ends(), 60)
    assert not differences(ledger, line.worker_settings().folding, scrape_of_all(exporter))
    assert worker.stop() == 0
    check_states(published(line), ledger)
    check_states(stored(line), ledger)
    assert lineages(line) == {"1"}


@ON_KAFKA_FIRST
def test_a_replay_that_is_stopped_changes_nothing_and_the_next_one_buries_what_it_left(
    line: Pipeline,
) -> None:
    with Simulation(kafka=line.kafka, topic=line.topic, partitions=4, rate=0) as traffic:
        ledger = LedgerByPartition.of(traffic)
        preload(traffic, LONG_HISTORY)
        worker, exporter = line.worker(), line.exporter()
        wait_for("all is shown", lambda: published_ends(line) == ledger.ends(), 60)
        for number, code in ((signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)):
            service = replay(line)
            wait_for("it reads", lambda: "Replaying" in service.log(), 40)  # noqa: B023
            service._process.send_signal(number)
            assert service.wait(20) == code
            assert ("Nothing has changed" in service.log()) == (number == signal.SIGINT)
            assert {rows.lineage for rows in changelog(line).values()} == {0}
            assert not differences(ledger, line.worker_settings().folding, scrape_of_all(exporter))
        leave_a_row(line, lineage=7)
        assert "Waiting for another replay" in replayed(line)
        preload(traffic, HISTORY)
        wait_for("all is shown", lambda: published_ends(line) == ledger.ends(), 60)
    assert not differences(ledger, line.worker_settings().folding, scrape_of_all(exporter))
    assert worker.stop() == 0
    check_states(stored(line), ledger)
    assert lineages(line) == {"8"}


def leave_a_row(line: Pipeline, lineage: int) -> None:
    """Write a row of the first lineage into another one, as a replay does that is cut off."""
    held = changelog(line)[2].held["0/lifetime/0"]
    producer = KafkaProducer(bootstrap_servers=line.bootstrap, enable_idempotence=False)
    topic, key = line.worker_settings().changelog_topic, f"2/{lineage}/lifetime/0"
    producer.send(topic, held.raw, key=key.encode(), partition=2)
    producer.flush()
    producer.close()


def test_without_redis_at_its_end_a_replay_says_so_and_restarted_workers_go_on_from_it(
    real_kafka: RealKafka, tmp_path: Path
) -> None:
    bootstrap = real_kafka.bootstrap
    with (
        EmbeddedRedis() as redis,
        Pipeline(bootstrap, redis.url, tmp_path, idempotent=True) as line,
    ):
        line.create_topic()
        with Simulation(kafka=line.kafka, topic=line.topic, partitions=4, rate=0) as traffic:
            ledger = LedgerByPartition.of(traffic)
            preload(traffic, LONG_HISTORY)
            worker = line.worker()
            wait_for("all is folded", lambda: worker.read_offsets() == ledger.ends(), 60)
            service = replay(line)
            wait_for("it reads", lambda: "Replaying" in service.log(), 40)
            redis.stop()
            assert service.wait(60) == 2
            assert "but Redis does not answer" in service.log()
            assert "restart the workers" in service.log()
            redis.start()
            assert worker.stop() == 0
            preload(traffic, HISTORY)
            worker, exporter = line.worker(), line.exporter()
            wait_for("all is shown", lambda: published_ends(line) == ledger.ends(), 60)
        assert not differences(ledger, line.worker_settings().folding, scrape_of_all(exporter))
        assert worker.stop() == 0
        check_states(stored(line), ledger)
        assert lineages(line) == {"1"}
