"""Plays with one publisher and one reader against a Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from exporters.publisher import SnapshotPublisher
from exporters.snapshot_store import SnapshotReader
from tests.exporters.published_events import (
    Worker,
    announce,
    contents,
    new_prefix,
    new_publisher,
    new_reader,
    stored,
)

Scenario = Callable[[SnapshotPublisher, SnapshotReader], Awaitable[None]]


def play(url: str, scenario: Scenario, prefix: str = "") -> None:
    """Run a scenario with a publisher that has announced one partition, and a reader."""

    async def run() -> None:
        where = prefix or new_prefix()
        publisher, reader = new_publisher(url, where), new_reader(url, where)
        try:
            await announce(publisher)
            await scenario(publisher, reader)
        finally:
            await publisher.close()
            await reader.close()

    asyncio.run(run())


async def assert_shown(reader: SnapshotReader, worker: Worker) -> None:
    """The reader holds just what the worker's partition counts."""
    snapshot = await reader.read()
    assert snapshot.problems == []
    published = snapshot.partitions[worker.number]
    assert published.progress.offset == worker.partition.offset
    shown = {str(pane): stored(published, pane) for pane in published.units}
    assert shown == contents(worker.partition)


async def publish_until_written(worker: Worker, publisher: SnapshotPublisher) -> list[str]:
    outcomes: list[str] = []
    async with asyncio.timeout(30):
        while outcomes[-1:] != ["written"]:
            outcomes.append(await worker.publish(publisher))
            await asyncio.sleep(0.05)
    return outcomes
