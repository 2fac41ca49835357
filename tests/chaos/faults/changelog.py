"""The changelog as the suite itself reads and writes it, in the place of processes left behind."""

from __future__ import annotations

import time
from typing import Any

import confluent_kafka

from tests.chaos.world import World

Rows = dict[str, list[bytes | None]]
"""Name -> all values written under it, in the order of the log."""


def read_rows(world: World, number: int) -> Rows:
    """All that stands in a partition of the changelog, by names without their lineage."""
    found: Rows = {}
    topic = world.line.worker_settings().changelog_topic
    consumer = _consumer(world)
    try:
        consumer.assign([confluent_kafka.TopicPartition(topic, number, 0)])
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            message = consumer.poll(5)
            if message is None:
                continue
            if message.error() is not None:
                if message.error().code() == confluent_kafka.KafkaError._PARTITION_EOF:
                    break
                continue
            name = message.key().decode().split("/", 2)[2]
            found.setdefault(name, []).append(message.value())
    finally:
        consumer.close()
    return found


def write_rows(world: World, number: int, rows: list[tuple[str, bytes | None]]) -> None:
    """Append rows of the first lineage, each acknowledged."""
    topic = world.line.worker_settings().changelog_topic
    producer = confluent_kafka.Producer(
        {"bootstrap.servers": world.line.bootstrap, "acks": "all", "log_level": 0}
        | {"message.max.bytes": 8_000_000}
    )
    for name, value in rows:
        producer.produce(topic, value, key=f"{number}/0/{name}", partition=number)
    assert producer.flush(60) == 0


def _consumer(world: World) -> Any:
    return confluent_kafka.Consumer(
        {
            "bootstrap.servers": world.line.bootstrap,
            "group.id": "zombie-of-tests",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "log_level": 0,
        }
    )
