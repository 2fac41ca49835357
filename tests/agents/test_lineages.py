"""New partitions of a topic whose state was replayed belong to the replayed state."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace

import pytest
from confluent_kafka import Producer

from agents import topics
from agents.brokers import Brokers
from agents.changelog import read_rows, row_key
from agents.lineages import align
from agents.settings import Refusal, WorkerSettings
from streams.rows import LINEAGE, row_name, switch_to
from streams.unit import seal
from tests.agents.made_up import SETTINGS
from tidegauge.embedded import EmbeddedBroker

NUMBERS = itertools.count(1)
PARTITIONS = 3


@pytest.fixture
def settings(embedded_broker: EmbeddedBroker) -> WorkerSettings:
    name = f"lineages-{next(NUMBERS)}"
    found = replace(
        SETTINGS,
        kafka=Brokers(embedded_broker.bootstrap),
        topic=name,
        application=name,
        idempotent_producer=False,
    )
    topics.ensure(found, PARTITIONS)
    return found


def write(settings: WorkerSettings, partition: int, name: str, raw: bytes) -> None:
    producer = Producer({"bootstrap.servers": settings.kafka.bootstrap})
    key = row_key(partition, name)
    producer.produce(settings.changelog_topic, raw, key, partition=partition)
    assert producer.flush(10) == 0


def lineages(settings: WorkerSettings) -> list[int]:
    rows = asyncio.run(read_rows(settings, range(PARTITIONS)))
    return [found.lineage for found in rows.values()]


def a_row(lineage: int) -> tuple[str, bytes]:
    return row_name(lineage, "hour/0"), seal(["g", 0], "hour/0")


def test_without_a_replay_nothing_is_written(settings: WorkerSettings) -> None:
    write(settings, 0, *a_row(0))
    asyncio.run(align(settings, PARTITIONS))
    assert lineages(settings) == [0, 0, 0]


def test_empty_partitions_take_the_lineage_of_the_others(settings: WorkerSettings) -> None:
    for partition in (0, 1):
        write(settings, partition, *a_row(4))
        write(settings, partition, LINEAGE, switch_to(4))
    assert topics.ensure(settings)[settings.changelog_topic] == "was there"
    assert lineages(settings) == [4, 4, 4]


def test_a_partition_that_was_begun_too_early_is_named(settings: WorkerSettings) -> None:
    write(settings, 0, LINEAGE, switch_to(1))
    write(settings, 2, *a_row(0))
    with pytest.raises(Refusal, match=r"partitions \[2\] .*`tidegauge replay`"):
        asyncio.run(align(settings, PARTITIONS))
    assert lineages(settings) == [1, 1, 0]  # what can be done is
