"""`tidegauge replay` beside a live pipeline: the state is made anew and nobody sees a seam."""

from __future__ import annotations

import asyncio
import json
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

import pytest
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition

from agents.rereading import FETCH_BYTES, Rereading, source_consumer
from agents.settings import Refusal
from streams.checkpoint import ARCHIVE, MANIFEST, Archive, Manifest, pane_of
from streams.rows import Rows
from streams.unit import StoredUnit
from tests.integration.checks import check_states, published_ends
from tests.integration.pipeline import Pipeline, Samples, Service, wait_for
from tests.integration.truth import LedgerByPartition, State, business, differences, published
from tests.kafka_server import RealKafka
from tidegauge.embedded import EmbeddedRedis
from tidegauge.simulator.simulation import Simulation

HISTORY, LONG_HISTORY, RATE = 20_000, 60_000, 500
HOUR = 3_600


class Watch:
    """Scrapes an exporter all the time: everything is there, and no total falls."""

    def __init__(self, line: Pipeline, exporter: Service) -> None:
        self.wrong: list[str] = []
        self.scrapes = 0
        self._folding = line.worker_settings().folding
        self._exporter = exporter
        self._last: Samples = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

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


def replay(line: Pipeline, *options: str, **settings: str) -> Service:
    """Start one."""
    return line._start(["replay", *options], 0, line.environment(**settings))


def replayed(line: Pipeline, *options: str, **settings: str) -> str:
    """What one said that came to its end."""
    service = replay(line, *options, **settings)
    assert service.wait(60) == 0, service.log()
    return service.log()


def changelog(line: Pipeline) -> dict[int, Rows]:
    """The rows of every partition, of whatever lineage."""
    found: dict[int, Rows] = defaultdict(Rows)
    for message in line.rows(line.worker_settings().changelog_topic):
        name = message.key().decode().partition("/")[2]
        found[message.partition()].take(name, message.value())
    return found


def lineages(line: Pipeline) -> set[str]:
    """The lineages of which rows are left."""
    names = (name for rows in changelog(line).values() for name in rows.held)
    return {name.partition("/")[0] for name in names}


def stored(line: Pipeline) -> dict[int, State]:
    """The state in the changelog, of the lineage that counts."""
    states = {}
    for number, rows in changelog(line).items():
        manifest = rows.read(Manifest, MANIFEST)
        assert manifest is not None
        archive = rows.read(Archive, ARCHIVE)
        units = {name for name in rows.names() if pane_of(name)}
        assert manifest.units.keys() <= units
        assert units <= manifest.units.keys() | (archive.units.keys() if archive else set())
        states[number] = State(manifest.offset, manifest.place.watermark)
        for name in units:
            unit = rows.read(StoredUnit, name)
            assert unit is not None
            states[number].read(unit, name, line.worker_settings().folding)
    return states


def offsets(workers: list[Service]) -> dict[int, int]:
    assert all(worker.running() for worker in workers)
    return dict(sorted(pair for worker in workers for pair in worker.read_offsets().items()))


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


def send(line: Pipeline, partition: int, *events: bytes | int) -> None:
    """Send pages at these times (in seconds), or what is no event at all."""
    producer = KafkaProducer(bootstrap_servers=line.bootstrap)
    for event in events:
        time_ms = event * 1_000 if isinstance(event, int) else int(time.time() * 1_000)
        value = page(event) if isinstance(event, int) else event
        producer.send(line.topic, value, partition=partition, timestamp_ms=time_ms)
    producer.flush()
    producer.close()


def page(seconds: int, padding: int = 0) -> bytes:
    moment = datetime.fromtimestamp(seconds, UTC).isoformat()
    event = {"type": "page", "messageId": f"m{seconds}", "userId": "u", "timestamp": moment}
    return json.dumps(event | {"context": {"padding": padding * "x"}}).encode()


def outcomes(line: Pipeline) -> dict[int, dict[str, int]]:
    """What became of the records, by Redis; partitions without any left out."""
    found = {number: state.outcomes for number, state in published(line).items()}
    return {number: counts for number, counts in found.items() if counts}


def preload(traffic: Simulation, count: int) -> None:
    """So many events over ten hours, after those that were sent before."""
    begin = time.time() - (10 if traffic.ledger.total() else 20) * HOUR
    traffic.preload(count, 10 * HOUR, int(begin) * 1000)


def test_a_replay_beside_live_workers_shows_no_seam_and_they_go_on_from_it(line: Pipeline) -> None:
    with Simulation(bootstrap=line.bootstrap, topic=line.topic, partitions=4, rate=RATE) as traffic:
        ledger = LedgerByPartition.of(traffic)
        preload(traffic, HISTORY)
        workers, exporter = [line.worker(instance="a"), line.worker(instance="b")], line.exporter()
        wait_for("both own partitions", lambda: all(w.read_offsets() for w in workers), 60)
        wait_for("all is shown", lambda: published_ends(line) == ledger.ends(), 60)
        with Watch(line, exporter) as watch, live(traffic):
            replayed(line)
            ends = ledger.ends()
            wait_for("the workers go on", lambda: all_beyond(published_ends(line), ends), 20)
        assert not watch.wrong
        assert watch.scrapes > 10
    wait_for("all is shown", lambda: published_ends(line) == ledger.ends(), 20)
    assert not differences(ledger, line.worker_settings().folding, exporter.scrape())
    assert [worker.stop() for worker in workers] == [0, 0]
    check_states(published(line), ledger)
    check_states(stored(line), ledger)
    assert lineages(line) == {"1"}


def test_after_a_change_of_the_time_zone_a_replay_lets_workers_with_the_new_one_go_on(
    line: Pipeline,
) -> None:
    zone = "Asia/Kathmandu"
    with Simulation(
        bootstrap=line.bootstrap, topic=line.topic, partitions=4, rate=0, timezone=zone
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
    assert not differences(ledger, line.worker_settings().folding, exporter.scrape())
    assert worker.stop() == 0
    check_states(published(line), ledger)
    check_states(stored(line), ledger)
    assert lineages(line) == {"1"}


@pytest.mark.xfail(reason="a worker does not look at the lineage of another generation yet")
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


def test_a_replay_that_is_stopped_changes_nothing_and_the_next_one_buries_what_it_left(
    line: Pipeline,
) -> None:
    with Simulation(bootstrap=line.bootstrap, topic=line.topic, partitions=4, rate=0) as traffic:
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
            assert not differences(ledger, line.worker_settings().folding, exporter.scrape())
        leave_a_row(line, lineage=7)
        assert "Waiting for another replay" in replayed(line)
        preload(traffic, HISTORY)
        wait_for("all is shown", lambda: published_ends(line) == ledger.ends(), 60)
    assert not differences(ledger, line.worker_settings().folding, exporter.scrape())
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
        with Simulation(bootstrap=bootstrap, topic=line.topic, partitions=4, rate=0) as traffic:
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
        assert not differences(ledger, line.worker_settings().folding, exporter.scrape())
        assert worker.stop() == 0
        check_states(stored(line), ledger)
        assert lineages(line) == {"1"}


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
            with pytest.raises(Refusal, match=rf"let go of offsets \d+ to {end - 1}"):
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
