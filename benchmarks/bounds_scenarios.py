"""Floods and outages, driven through the real classes in simulated time.

    python -m benchmarks.bounds_scenarios NAME SCALE

Each runs in a process of its own, so that what is resident is its own, and writes a JSON array a
point. `SCALE` 1 is the whole of it.
"""

import asyncio
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from benchmarks.bounds_point import MEGABYTE, Point, point_of, resident
from exporters.publisher import SnapshotPublisher
from streams.panes import DAY, HOUR, SECOND
from streams.partition import Partition
from streams.persons.facts import Facts, Message, Section, StoredFacts
from streams.persons.names import ACTIVE
from streams.persons.shard import Shard
from streams.persons.snapshot import rows_of
from streams.published import Progress
from tidegauge.assembly import folding
from tidegauge.settings import Settings
from tidegauge.simulator.disturbance import Disturbances
from tidegauge.simulator.feed import Feed
from tidegauge.simulator.record import Record

START = 1_767_225_600_000
POINTS = 20
BATCH = 2_000
LABELS, PERSONS, LARGE, BACKLOG, OUTAGE = 1_000_000, 10_000_000, 1_000, 300_000, 100_000
"""Values, persons, records of 1 MiB, records of a day, records of an hour."""
NOWHERE = "redis://127.0.0.1:1"
PUBLICATIONS_A_SECOND = 4


class Row(NamedTuple):
    """A Kafka record."""

    offset: int
    timestamp: int
    value: bytes


def labels(scale: float) -> Iterator[Point]:
    """Every record has a value of its own for an open label, over three hours."""
    count = int(LABELS * scale)
    begin = '{"messageId":"%d","userId":"u%d","type":'
    kinds = (
        begin + '"page","name":"page %d"}',
        begin + '"track","event":"Feature Used","properties":{"feature":"feature %d"}}',
    )
    step = 3 * HOUR / count
    made = ((i, kinds[i % 2] % (i, i, i)) for i in range(count))
    yield from _folded((Row(i, START + int(i * step), v.encode()) for i, v in made), count)


def large_records(scale: float) -> Iterator[Point]:
    """A third of the records has 1 MiB, a third as much as is allowed, a third is small."""
    count = int(LARGE * scale)
    yield from _folded(_large_rows(count), count, batch=30)


def large_records_in_a_worker(scale: float) -> Iterator[Point]:
    """The same in a real Kafka, read by a real worker."""
    from benchmarks.bounds_worker import read_by_worker  # noqa: PLC0415 - in no other's memory

    count = int(LARGE * scale)
    yield from read_by_worker(_large_rows(count), count)


def backlog(scale: float) -> Iterator[Point]:
    """A day of simulated traffic, read as fast as it can be."""
    feed = Feed(1, ZoneInfo("UTC"), 1, Disturbances(), people=20_000)
    total = int(BACKLOG * scale)
    yield from _folded(_rows(feed.preload(START, START + DAY, total)), total)


def without_redis(scale: float) -> Iterator[Point]:
    """An hour of simulated traffic, published four times a second to nobody."""
    feed = Feed(1, ZoneInfo("UTC"), 1, Disturbances(), people=20_000)
    total = int(OUTAGE * scale)
    rows = _rows(feed.preload(START, START + HOUR, total))
    with asyncio.Runner() as runner:
        now = [0.0]
        publisher = SnapshotPublisher(NOWHERE, "bounds", "made up", clock=lambda: now[0])

        def publish(partition: Partition, time: int) -> None:
            while now[0] < (time - START) / SECOND:
                now[0] += 1 / PUBLICATIONS_A_SECOND
                runner.run(_publish(publisher, partition, time))

        yield from _folded(rows, total, publish)
        runner.run(publisher.close())


def persons(scale: float) -> Iterator[Point]:
    """Persons who come once, for a minute each, 100,000 a minute."""
    calendar, rng = folding(Settings()).calendar, np.random.default_rng(1)
    shard, chunk = Shard(calendar), 100_000
    chunks = int(PERSONS * scale) // chunk
    for number in range(chunks):
        now = START + number * 60 * SECOND
        hashes = rng.integers(-(1 << 63), (1 << 63) - 1, chunk, np.int64)
        facts = StoredFacts.of(Facts(ACTIVE, "", hashes, np.full(chunk, now, np.int64)))
        section = Section(0, number, number + 1, now, 0, [facts], now, now)
        shard.fold([Row(number, now, Message("", 0, 1, [section]).encode())])
        if (number + 1) % max(1, chunks // POINTS) == 0:
            yield Point(shard.people.population.size / 1e6, round(resident(), 1))
    parts, head = rows_of(shard)
    size = sum(len(raw or b"") for _, raw in (*parts, *head)) / MEGABYTE
    yield Point(shard.people.population.size / 1e6, round(resident(), 1), round(size, 1))


def _folded(
    rows: Iterable[Row],
    total: int,
    after: Callable[[Partition, int], None] = lambda *_: None,
    batch: int = BATCH,
) -> Iterator[Point]:
    """Points of one partition on its way through `total` rows; `after` is called behind a batch.

    What it tells the shards is taken and checkpoints are made, as a worker does.
    """
    partition, waiting, due = Partition(folding(Settings())), list[Row](), 0.0
    for row in rows:
        waiting.append(row)
        if len(waiting) < batch and row.offset + 1 < total:
            continue
        partition.fold(waiting)
        partition.take_told()
        partition.snapshot()
        after(partition, row.timestamp)
        waiting = []
        if partition.offset >= due or partition.offset >= total:
            yield point_of(partition.offset / total, partition, row.timestamp)
            due += total / POINTS


def _large_rows(count: int) -> Iterator[Row]:
    body = '{"type":"page","name":"Home","messageId":"%d","userId":"u","x":"%s"}'
    paddings = ("x" * MEGABYTE, "x" * 130_000, "")
    for i in range(count):
        yield Row(i, START + i * SECOND, (body % (i, paddings[i % 3])).encode())


def _rows(records: Iterable[Record]) -> Iterator[Row]:
    return (Row(i, one.timestamp_ms, one.value) for i, one in enumerate(records))


async def _publish(publisher: SnapshotPublisher, partition: Partition, now: int) -> None:
    changes = partition.take_changes()
    times = {"caught_up_at": now, "published_at": now, "checkpoint_at": now}
    progress = Progress.of(partition, 0, end_offset=partition.offset, **times)
    outcome = await publisher.publish(
        0, progress, changes.changed, partition.everything, changes.removed
    )
    assert outcome in ("failed", "waiting"), outcome  # noqa: S101 - nobody listens there


SCENARIOS: dict[str, Callable[[float], Iterator[Point]]] = {
    one.__name__: one
    for one in (
        *(labels, persons, large_records, large_records_in_a_worker),
        *(without_redis, backlog),
    )
}


if __name__ == "__main__":
    for found in SCENARIOS[sys.argv[1]](float(sys.argv[2])):
        print(json.dumps(found), flush=True)
