"""The changelog on a broker: what is written is what is read, of each row the one that counts."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from kafka import KafkaAdminClient

from agents.brokers import Brokers
from agents.changelog import Changelog, name_of, read_rows, row_key
from agents.ownership import Holding
from agents.recovering import Advance
from agents.settings import WorkerSettings
from streams.recovery import ForeignGeneration
from streams.rows import LINEAGE, Rows, switch_to
from streams.unit import UnknownVersion, seal
from tests.agents.made_up import GENERATION, SETTINGS, app_of, batch, new_partition, owner, table
from tidegauge.embedded import EmbeddedBroker

NUMBERS = itertools.count(1)
PARTITIONS = 3


@pytest.fixture
def settings(embedded_broker: EmbeddedBroker) -> WorkerSettings:
    """Of an application of its own, whose changelog is there."""
    found = replace(
        SETTINGS,
        kafka=Brokers(embedded_broker.bootstrap),
        application=f"changelog-{next(NUMBERS)}",
    )
    admin = KafkaAdminClient(bootstrap_servers=found.kafka.bootstrap)
    wanted = {"num_partitions": PARTITIONS, "replication_factor": 1}
    admin.create_topics({found.changelog_topic: wanted}, wait_for_metadata=True)
    admin.close()
    return found


@asynccontextmanager
async def producing(settings: WorkerSettings) -> AsyncIterator[Any]:
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka.bootstrap, acks="all")
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


def row(name: str, rank: int, text: str = "") -> bytes:
    """A row as every one begins."""
    return seal([GENERATION, rank, text], name)


@pytest.mark.parametrize("name", ["0/manifest", "7/hour/1790000000000", "0/ids/17", "lineage"])
def test_a_table_row_is_named_by_its_partition_its_lineage_and_what_it_is(name: str) -> None:
    assert row_key(3, name) == f"3/{name}".encode()
    assert name_of(row_key(3, name)) == name


def test_a_key_that_is_no_text_is_a_name_that_no_row_has() -> None:
    with pytest.raises(UnknownVersion):
        Rows().take(name_of(b"3/\xff/manifest"), b"")


def test_of_each_name_the_row_with_the_largest_offset_is_read(settings: WorkerSettings) -> None:
    first, second = row("hour/1", 10), row("hour/1", 20)
    gone, other = row("hour/2", 10), row("hour/1", 5)

    async def main() -> None:
        async with producing(settings) as producer:
            shown = table()
            changelog = Changelog(app_of(producer), shown, settings)
            await changelog.write(
                [
                    (0, "0/hour/1", second),
                    (0, "0/hour/1", first),  # of one that was left behind
                    (0, "0/hour/2", gone),
                    (1, "0/hour/1", other),
                    (0, "0/hour/2", None),
                ]
            )
            await producer.send_and_wait(settings.changelog_topic, b"no row", partition=0)
            shown.data.data[b"0/0/hour/3"] = b"from before"
            advance = Advance()
            rows = await changelog.read(range(PARTITIONS), advance)
            assert {n: [held.raw for held in r.held.values()] for n, r in rows.items()} == {
                0: [second],
                1: [other],
                2: [],
            }
            assert shown.data.data == {b"0/0/hour/1": second, b"1/0/hour/1": other}
            assert advance.rows == 6
            assert advance.size == sum(map(len, (second, first, gone, other, b"no row")))
            changelog.forget(0)
            assert shown.data.data == {b"1/0/hour/1": other}

    asyncio.run(main())


def test_an_empty_changelog_is_read_at_once(settings: WorkerSettings) -> None:
    rows = asyncio.run(read_rows(settings, [1]))
    assert rows.keys() == {1}
    assert not rows[1].held
    assert asyncio.run(read_rows(settings, [])) == {}


def test_a_state_is_recovered_as_it_was_written(settings: WorkerSettings) -> None:
    async def main() -> None:
        async with producing(settings) as producer:
            before = owner(0, 1, producer=producer, settings=settings)
            await before.fold(0, batch(before, 0, 300))
            await before.fold(1, batch(before, 0, 100))
            await before.checkpoint()
            await before.fold(1, batch(before, 100, 50))
            after = owner(producer=producer, settings=settings)
            advance = Advance()
            holdings = await after.recover({0: 0, 1: 0, 2: 7}, advance)
            after.adopt(holdings)
            assert {n: part.offset for n, part in after.partitions.items()} == {
                0: 300,
                1: 100,
                2: 7,
            }
            await after.fold(1, batch(after, 100, 50))
            for number in (0, 1):
                left, right = before.partitions[number], after.partitions[number]
                assert left.canonical() == right.canonical()
            assert (after.lost_records, after.repaired_units) == (0, 0)
            assert advance.steps > len(holdings)

    asyncio.run(main())


def test_what_the_source_dropped_before_the_recovery_is_declared(settings: WorkerSettings) -> None:
    async def main() -> None:
        async with producing(settings) as producer:
            before = owner(0, producer=producer, settings=settings)
            await before.fold(0, batch(before, 0, 300))
            await before.checkpoint()
            after = owner(producer=producer, settings=settings)
            holdings = await after.recover({0: 1_000}, Advance())
            assert holdings[0].partition.offset == 1_000
            assert after.lost_records == 700
            after.adopt(holdings)
            await after.fold(0, batch(after, 1_000, 10))
            await after.checkpoint()
            again = owner(producer=producer, settings=settings)
            holdings = await again.recover({0: 1_000}, Advance())
            assert holdings[0].partition.losses.records == 700
            assert again.lost_records == 0  # counted once, by the worker that found it

    asyncio.run(main())


def test_the_lineage_that_was_switched_to_is_recovered_and_the_other_one_deleted(
    settings: WorkerSettings,
) -> None:
    async def main() -> None:
        async with producing(settings) as producer:
            old = owner(0, producer=producer, settings=settings)
            await old.fold(0, batch(old, 0, 300))
            await old.checkpoint()
            new = owner(producer=producer, settings=settings)
            new.adopt({0: Holding(new_partition(), 1)})
            await new.fold(0, batch(new, 0, 200))
            await new.checkpoint()
            after = owner(producer=producer, settings=settings)
            assert (await after.recover({0: 0}, Advance()))[0].partition.offset == 300
            changelog = Changelog(app_of(producer), table(), settings)
            await changelog.write([(0, LINEAGE, switch_to(1))])
            holdings = await after.recover({0: 0}, Advance())
            assert (holdings[0].partition.offset, holdings[0].lineage) == (200, 1)
            after.adopt(holdings)
            await after.fold(0, batch(after, 200, 10))
            await after.checkpoint()
            rows = (await read_rows(settings, [0]))[0]
            assert {name.partition("/")[0] for name in rows.held} == {"1"}
            assert rows.lineage == 1

    asyncio.run(main())


def test_a_foreign_generation_is_not_gone_on_with(settings: WorkerSettings) -> None:
    async def main() -> None:
        async with producing(settings) as producer:
            before = owner(0, producer=producer, settings=settings)
            await before.fold(0, batch(before, 0, 10))
            await before.checkpoint()
            after = owner(producer=producer, settings=settings)
            after.generation = "another"
            with pytest.raises(ForeignGeneration):
                await after.recover({0: 0}, Advance())

    asyncio.run(main())
