"""What partitions have to tell reaches the shards of persons, before a checkpoint passes it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from kafka import KafkaAdminClient

from agents.brokers import Brokers
from agents.ownership import Holding
from agents.settings import WorkerSettings
from agents.telling import TELL_OLD_SECONDS, TELL_SECONDS, Telling
from streams.panes import HOUR
from streams.persons.facts import Message, Section, StoredFacts, shard_of
from streams.persons.names import ACTIVE
from tests.agents.made_up import (
    GENERATION,
    SETTINGS,
    TIME,
    Ended,
    StubProducer,
    batch,
    new_partition,
    no_exit,
    owner,
    until_idle,
)
from tidegauge.embedded import EmbeddedBroker

__all__ = ["no_exit"]
NUMBERS = itertools.count(1)
SHARDS = 3
PERSONS = (
    b'{"type": "page", "messageId": "%d", "userId": "u%d", "timestamp": "2026-01-01T00:00:00Z"}'
)


class Worker:
    """A worker that owns partitions of a source of two, and whose consumer knows no Kafka."""

    def __init__(self, producer: Any, settings: WorkerSettings = SETTINGS, *numbers: int) -> None:
        app = SimpleNamespace(
            producer=SimpleNamespace(_producer=producer), consumer=self, should_stop=False
        )
        self.app = app
        self.source_log, self.is_caught_up = self, True
        self.telling = Telling(app, settings, 2, SHARDS)
        self.ownership = app.ownership = owner(
            *numbers, producer=producer, settings=settings, outgoing=self.telling
        )

    def caught_up_at(self, number: int, offset: int) -> tuple[int, int]:
        return (TIME + number, offset) if self.is_caught_up else (0, offset + 1)

    async def fold(self, number: int, first: int, count: int) -> None:
        folded = batch(self.ownership, first, count, value=PERSONS)
        await self.ownership.fold(number, folded)

    async def tell(self) -> None:
        """Tell what there is, and wait until it is stored."""
        await self.telling.tell_once()
        await self.telling.acknowledged()


@pytest.fixture
def settings(embedded_broker: EmbeddedBroker) -> WorkerSettings:
    """Of an application of its own, whose facts and changelog are there."""
    found = replace(
        SETTINGS, kafka=Brokers(embedded_broker.bootstrap), application=f"telling-{next(NUMBERS)}"
    )
    admin = KafkaAdminClient(bootstrap_servers=found.kafka.bootstrap)
    wanted = {"num_partitions": SHARDS, "replication_factor": 1}
    topics = dict.fromkeys((found.facts_topic, found.changelog_topic), wanted)
    admin.create_topics(topics, wait_for_metadata=True)
    admin.close()
    return found


@asynccontextmanager
async def working(settings: WorkerSettings, *numbers: int) -> AsyncIterator[Worker]:
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka.bootstrap, acks="all")
    await producer.start()
    try:
        yield Worker(producer, settings, *numbers)
    finally:
        await producer.stop()


async def told(settings: WorkerSettings, count: int) -> dict[int, list[Message]]:
    """The first messages to each shard, in order."""
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka.bootstrap)
    found: dict[int, list[Message]] = {shard: [] for shard in range(SHARDS)}
    await consumer.start()
    try:
        consumer.assign([TopicPartition(settings.facts_topic, shard) for shard in found])
        await consumer.seek_to_beginning()
        async with asyncio.timeout(20):
            while any(len(messages) < count for messages in found.values()):
                for tp, records in (await consumer.getmany(timeout_ms=100)).items():
                    found[tp.partition] += [Message.decode(record.value) for record in records]
    finally:
        await consumer.stop()
    return found


def sections(messages: list[Message], number: int) -> list[Section]:
    return [s for message in messages for s in message.sections if s.partition == number]


def test_every_shard_hears_of_its_persons_in_order_in_a_section_for_each_partition(
    settings: WorkerSettings,
) -> None:
    async def main() -> None:
        async with working(settings, 0, 1) as worker:
            await worker.fold(0, 0, 40)
            await worker.tell()
            await worker.fold(0, 40, 20)
            await worker.fold(1, 0, 30)
            await worker.tell()
        found = await told(settings, 2)
        everybody: list[int] = []
        for shard, messages in found.items():
            assert [[s.partition for s in message.sections] for message in messages] == [[0, 1]] * 2
            assert [(s.begin, s.end) for s in sections(messages, 0)] == [(0, 40), (40, 60)]
            assert [(s.begin, s.end) for s in sections(messages, 1)] == [(0, 0), (0, 30)]
            for section in (*sections(messages, 0), *sections(messages, 1)):
                for facts in map(StoredFacts.read, section.facts):
                    assert (facts.name, facts.label) == (ACTIVE, "")
                    assert set(shard_of(facts.persons, SHARDS)) <= {shard}
                    assert set(facts.times.tolist()) == {TIME}
                    everybody += facts.persons.tolist()
            assert {(m.generation, m.lineage, m.partitions) for m in messages} == {
                (GENERATION, 0, 2)
            }
        assert len(everybody) == 60 + 30
        assert len(set(everybody)) == 60  # partition 1 had some of the same

    asyncio.run(main())


def test_who_was_told_of_a_minute_is_not_told_again_and_a_quiet_partition_still_tells_its_time(
    settings: WorkerSettings,
) -> None:
    async def main() -> None:
        async with working(settings, 1) as worker:
            await worker.fold(1, 0, 10)
            await worker.tell()
            worker.is_caught_up = False
            await worker.tell()
        for messages in (await told(settings, 2)).values():
            first, second = sections(messages, 1)
            assert (second.begin, second.end) == (first.end, first.end) == (10, 10)
            assert not second.facts
            # when it was at the end for the last time stays true
            assert first.caught_up_at == second.caught_up_at == TIME + 1
            assert second.told_at >= first.told_at > TIME

    asyncio.run(main())


def test_a_section_says_from_where_it_would_be_told_again(settings: WorkerSettings) -> None:
    async def main() -> None:
        async with working(settings, 0) as worker:
            await worker.fold(0, 0, 10)
            await worker.tell()
            await worker.ownership.checkpoint()
            await worker.fold(0, 10, 5)
            await worker.tell()
        for messages in (await told(settings, 3)).values():
            assert [s.safe for s in sections(messages, 0)] == [0, 0, 10]
            assert sections(messages, 0)[-1].end == 15

    asyncio.run(main())


def test_histories_of_the_state_are_told_apart(settings: WorkerSettings) -> None:
    async def main() -> None:
        async with working(settings) as worker:
            worker.ownership.adopt(
                {0: Holding(new_partition(), 4), 1: Holding(new_partition(7), 5)}
            )
            await worker.tell()
        for messages in (await told(settings, 2)).values():
            assert [message.lineage for message in messages] == [4, 5]
            assert [(s.partition, s.begin) for m in messages for s in m.sections] == [
                (0, 0),
                (1, 7),
            ]

    asyncio.run(main())


def test_a_checkpoint_does_not_pass_facts_that_are_not_acknowledged() -> None:
    async def main() -> None:
        producer = StubProducer(at_once=False)
        worker = Worker(producer, SETTINGS, 0)
        await worker.fold(0, 0, 10)
        checkpoint = asyncio.create_task(worker.ownership.checkpoint())
        await until_idle()
        assert [key for key, _ in producer.sent] == [""] * SHARDS  # messages to shards, no rows
        assert not checkpoint.done()
        producer.acknowledge()
        while not checkpoint.done():
            await until_idle()
            producer.acknowledge()
        assert await checkpoint == {0: 10}
        assert producer.sent[-1][0] == "0/0/manifest"

    asyncio.run(main())


def test_what_was_told_before_a_checkpoint_must_be_acknowledged_too() -> None:
    async def main() -> None:
        producer = StubProducer(at_once=False)
        worker = Worker(producer, SETTINGS, 0)
        await worker.fold(0, 0, 10)
        await worker.telling.tell_once()
        early, producer.waiting = producer.waiting, []
        producer.at_once = True
        checkpoint = asyncio.create_task(worker.ownership.checkpoint())
        await until_idle()
        assert not checkpoint.done()
        assert {key for key, _ in producer.sent} == {""}
        for answer in early:
            answer.set_result(None)
        assert await checkpoint == {0: 10}

    asyncio.run(main())


@pytest.mark.usefixtures("no_exit")
def test_facts_that_are_refused_end_the_worker_with_its_next_checkpoint() -> None:
    async def main() -> None:
        producer = StubProducer(at_once=False)
        worker = Worker(producer, SETTINGS, 0)
        await worker.fold(0, 0, 10)
        await worker.telling.tell_once()
        producer.waiting[1].set_exception(OSError("refused"))
        producer.waiting.pop(1)
        await worker.telling.tell_once()  # which may well be stored
        producer.acknowledge()
        with pytest.raises(Ended):
            await worker.ownership.checkpoint()
        assert {key for key, _ in producer.sent} == {""}

    asyncio.run(main())


def test_telling_that_is_cancelled_halfway_leaves_the_rest_to_the_checkpoint() -> None:
    class Full(StubProducer):
        """Has no room for anything."""

        async def send(self, topic: str, value: bytes | None, **more: Any) -> Any:
            if not self.at_once:
                await asyncio.Event().wait()
            return await super().send(topic, value, **more)

    async def main() -> None:
        producer = Full(at_once=False)
        worker = Worker(producer, SETTINGS, 0)
        await worker.fold(0, 0, 10)
        telling = asyncio.create_task(worker.telling.tell_once())
        await until_idle()
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
        producer.at_once = True
        await worker.ownership.checkpoint()
        told_of = [Message.decode(raw or b"") for key, raw in producer.sent if not key]
        facts = [f.read() for message in told_of for s in message.sections for f in s.facts]
        assert sum(len(one.persons) for one in facts) == 10

    asyncio.run(main())


def test_what_is_old_is_told_less_often_until_one_partition_reads_what_is_new() -> None:
    async def main() -> None:
        worker = Worker(StubProducer(), SETTINGS, 0, 1)
        for number in (0, 1):
            await worker.fold(number, 0, 10)
        partitions = worker.ownership.partitions
        newest = partitions[0].coverage.timestamp
        assert worker.telling.pause(newest) == TELL_SECONDS
        assert worker.telling.pause(newest + HOUR) == TELL_OLD_SECONDS
        partitions[1].coverage.timestamp = newest + HOUR
        assert worker.telling.pause(newest + HOUR) == TELL_SECONDS

    asyncio.run(main())


def test_a_worker_that_is_being_stopped_tells_with_its_last_checkpoint_only() -> None:
    async def main() -> None:
        producer = StubProducer()
        worker = Worker(producer, SETTINGS, 0)
        worker.app.should_stop = True
        await worker.fold(0, 0, 10)
        telling = asyncio.create_task(worker.telling.run())
        await until_idle()
        telling.cancel()
        assert producer.sent == []
        await worker.ownership.checkpoint()
        assert [key for key, _ in producer.sent][:SHARDS] == [""] * SHARDS

    asyncio.run(main())
