"""The job in plain Faust: windowed tables, as its guide shows them.

A key begins with the partition it is counted in, since a table is right only where all records of
a key come from one partition; the sums are made when they are read. So nothing goes through a
second topic, as it would with `group_by`.

Cannot: set aside what is late (its windows know an end, no grace); know a duplicate; do without
changelogs, so there is no variant without.
"""

from datetime import timedelta
from typing import Any

import faust

from benchmarks.peers.job import read
from benchmarks.peers.marks import Marks, Order, named

KEPT = timedelta(days=3)

order = Order.read()
marks = Marks(order)
app = faust.App(
    order.application,
    broker=f"kafka://{order.bootstrap}",
    store="memory://",
    topic_partitions=order.partitions,
    topic_replication_factor=1,
    datadir=str(order.folder),
)
topic = app.topic(order.topic, value_type=bytes, value_serializer="raw")
minutes = app.Table("minutes", default=int).tumbling(timedelta(minutes=1), expires=KEPT)
days = app.Table("days", default=int).tumbling(timedelta(days=1), expires=KEPT)
persons = app.Table("persons", default=bool).tumbling(timedelta(days=1), expires=KEPT)


@app.agent(topic)  # type: ignore[untyped-decorator]  # as Faust is
async def count(stream: Any) -> None:
    """Count one record after the other."""
    async for message in stream.events():
        partition = message.message.partition
        event = read(message.value, round(message.message.timestamp * 1000))
        if event is not None:
            seconds = event.time / 1000
            if event.key:
                minutes.relative_to(seconds)[f"{partition}|{event.key}"] += 1
                days.relative_to(seconds)[f"{partition}|{event.key}"] += 1
            if event.person:
                persons.relative_to(seconds)[f"{partition}|{event.person}"] = True
        if marks.add():
            marks.finish(_counts())


def _counts() -> dict[str, int]:
    """Of all partitions together."""
    seen: dict[int, set[str]] = {}
    for key, (start, _) in persons.table.data:
        seen.setdefault(round(start * 1000), set()).add(key.partition("|")[2])
    return named(_of(minutes), _of(days), {start: len(found) for start, found in seen.items()})


def _of(table: Any) -> list[tuple[str, int, int]]:
    return [
        (key.partition("|")[2], round(start * 1000), count)
        for (key, (start, _)), count in table.table.data.items()
    ]
