"""What the simulator says it sent is what the topic holds, record by record."""

import collections
import itertools
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import NewTopic

from agents.brokers import Brokers
from tests.simulator.outcome_model import outcomes
from tidegauge.embedded import free_port
from tidegauge.simulator import Disturbances, Ledger, SendError, Simulation
from tidegauge.simulator.record import Record, Truth

PARTITIONS = 3
DEADLINE_SECONDS = 30
NOON_SECONDS = 1_767_956_400
MANY = Disturbances(late=0.02, out_of_order=0.1, duplicate=0.05, broken=0.1, future=0.02, bot=0.02)
_names = itertools.count()


class Held(NamedTuple):
    """A record as the topic holds it."""

    partition: int
    offset: int
    timestamp_ms: int
    value: bytes


class Ticking:
    """A clock that moves on by a twentieth of a second whenever it is read."""

    def __init__(self) -> None:
        self.reads = 0

    def __call__(self) -> float:
        self.reads += 1
        return NOON_SECONDS + self.reads * 0.05


@pytest.fixture
def topic(broker: str) -> str:
    name = f"simulated-{next(_names)}"
    admin = KafkaAdminClient(bootstrap_servers=broker)
    admin.create_topics([NewTopic(name, PARTITIONS, 1)])
    admin.close()
    return name


@pytest.fixture
def simulate(broker: str, topic: str) -> Callable[..., Simulation]:
    def make(**settings: Any) -> Simulation:
        defaults: dict[str, Any] = {
            "kafka": Brokers(broker),
            "topic": topic,
            "partitions": PARTITIONS,
            "people": 200,
            "history_events": 2_000,
            "timezone": "Europe/Paris",
            "disturbances": MANY,
        }
        return Simulation(**(defaults | settings))

    return make


def held(bootstrap: str, topic: str, count: int) -> list[Held]:
    """Read from the beginning until there are as many, then once more for what is too many."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    lanes = [TopicPartition(topic, partition) for partition in range(PARTITIONS)]
    consumer.assign(lanes)
    for lane in lanes:
        consumer.seek(lane, 0)
    found: list[Held] = []
    deadline = time.monotonic() + DEADLINE_SECONDS
    while len(found) < count and time.monotonic() < deadline:
        found += _polled(consumer, 200)
    found += _polled(consumer, 300)
    consumer.close()
    return sorted(found)


def _polled(consumer: Any, timeout_ms: int) -> list[Held]:
    chunks = consumer.poll(timeout_ms=timeout_ms, max_records=10_000).values()
    return [
        Held(record.partition, record.offset, record.timestamp, record.value)
        for record in itertools.chain.from_iterable(chunks)
    ]


def lines(events: Path) -> list[Held]:
    found = [json.loads(line) for line in events.read_text("ascii").splitlines()]
    return [
        Held(
            line["partition"],
            line["offset"],
            line["timestamp"],
            line["value"].encode("utf-8", "surrogateescape"),
        )
        for line in found
    ]


def _stop_after(limit: int, done: int, stop: threading.Event) -> None:
    if done > limit:
        stop.set()


def recounted(records: list[Held]) -> dict[int, collections.Counter[str]]:
    """Outcomes per partition by the plain model of the contract."""
    unknown = Truth("", None, 0, None)
    judged = outcomes([Record(r.partition, r.timestamp_ms, r.value, unknown) for r in records])
    found: dict[int, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for record, outcome in zip(records, judged, strict=True):
        found[record.partition][outcome] += 1
    return found


def claimed(ledger: Ledger) -> dict[int, collections.Counter[str]]:
    """Outcomes per partition, a dead letter by its reason."""
    return {
        partition: collections.Counter(
            {outcome: number for outcome, number in counter.items() if outcome != "dead_letter"}
        )
        + ledger.reasons.get(partition, collections.Counter())
        for partition, counter in ledger.outcomes.items()
    }


def test_the_topic_holds_what_was_sent_offset_by_offset(
    broker: str,
    simulate: Callable[..., Simulation],
    topic: str,
    tmp_path: Path,
) -> None:
    with simulate(events=tmp_path / "events", clock=Ticking(), rate=2_000) as simulation:
        assert simulation.run_history() == 2_000
        assert simulation.run_live(count=6_000) == 6_000
        ledger = simulation.ledger
        assert simulation.unexplained_records == 0
    records = held(broker, topic, 8_000)
    assert sorted(lines(tmp_path / "events")) == records
    assert ledger.total() == 8_000
    assert recounted(records) == claimed(ledger)
    for partition in range(PARTITIONS):
        offsets = [record.offset for record in records if record.partition == partition]
        assert offsets == list(range(len(offsets)))
        assert len(offsets) == ledger.outcomes[partition].total()
    assert {"late", "duplicate", "future", "bot"} <= {*ledger.outcomes[0]}


def test_preload_sends_exactly_the_count_inside_the_span(
    broker: str, simulate: Callable[..., Simulation], topic: str
) -> None:
    progress: list[tuple[int, int]] = []
    with simulate() as simulation:
        start_ms = NOON_SECONDS * 1000
        simulation.preload(5_000, 600, start_ms, lambda *done: progress.append(done))
        ledger = simulation.ledger
    records = held(broker, topic, 5_000)
    assert len(records) == ledger.total() == 5_000
    assert all(0 <= record.timestamp_ms - start_ms < 600_000 for record in records)
    assert recounted(records) == claimed(ledger)
    assert progress[-1] == (5_000, 5_000)


def test_same_seed_and_clock_send_the_same_records(
    broker: str, simulate: Callable[..., Simulation], tmp_path: Path
) -> None:
    admin = KafkaAdminClient(bootstrap_servers=broker)
    topics = [f"simulated-{next(_names)}" for _ in range(2)]
    admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in topics])
    admin.close()
    for name in topics:
        with simulate(topic=name, events=tmp_path / name, clock=Ticking()) as simulation:
            simulation.run_history()
            simulation.run_live(count=500)
    first, second = ((tmp_path / name).read_bytes() for name in topics)
    assert first == second


def test_live_traffic_ends_when_it_is_stopped(simulate: Callable[..., Simulation]) -> None:
    stop = threading.Event()
    with simulate(rate=500) as simulation:
        sent = simulation.run_live(stop=stop, progress=lambda done, _: _stop_after(100, done, stop))
        assert 100 < sent == simulation.ledger.total()


def test_live_traffic_ends_after_its_duration_at_its_rate(
    simulate: Callable[..., Simulation],
) -> None:
    clock = Ticking()
    with simulate(rate=400, clock=clock) as simulation:
        sent = simulation.run_live(duration_seconds=2)
        assert 740 <= sent <= 801


def test_records_of_others_are_noticed(simulate: Callable[..., Simulation], topic: str) -> None:
    with simulate() as ours, simulate(seed=2) as others:
        for simulation in (ours, others, ours):
            simulation.preload(300, 60, NOON_SECONDS * 1000)
        assert ours.unexplained_records == 300, topic


def test_a_topic_with_other_partitions_is_refused(simulate: Callable[..., Simulation]) -> None:
    with pytest.raises(SendError, match="has 3 partitions, not 5"):
        simulate(partitions=5)


def test_a_missing_topic_is_refused(simulate: Callable[..., Simulation]) -> None:
    with pytest.raises(SendError, match="tidegauge topics"):
        simulate(topic="nowhere")


def test_a_missing_broker_is_named(simulate: Callable[..., Simulation]) -> None:
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(SendError, match=f"nothing listens at {address}"):
        simulate(kafka=Brokers(address))
