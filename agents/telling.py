"""Tells the shards of persons what the owned partitions of the source come to (`streams.persons`).

Messages to a shard leave in the order in which they were gathered. When one is refused, a later one
may have been stored: the shard takes nothing that does not follow, and the worker ends with its
next checkpoint, so that another one tells it again.
"""

import asyncio
from collections import deque
from typing import Any

from agents.fail_stop import fail_stop
from agents.settings import WorkerSettings
from agents.writing import hand_over
from exporters.snapshot_store import wall_clock
from streams.persons.outbox import Told
from streams.persons.sections import Crossing, Teller

TELL_SECONDS = 0.5
"""A message costs a shard some milliseconds, whatever it tells."""
TELL_OLD_SECONDS = 2.0
"""While what is told is old, so that catching up is about the source and not about messages."""
OLD_MILLISECONDS = 10_000


class Telling:
    """The loop that tells; `partitions` and `shards` are how many there are."""

    def __init__(self, app: Any, settings: WorkerSettings, partitions: int, shards: int) -> None:
        self._app, self._settings = app, settings
        self._partitions, self._shards = partitions, shards
        self._waiting: deque[tuple[int, bytes]] = deque()
        """Shard and message."""
        self._pending: list[asyncio.Future[Any]] = []
        self._handing_over = asyncio.Lock()
        self._caught_up_at: dict[int, int] = {}
        self._epoch = -1

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            if not self._app.should_stop:  # then the last checkpoint tells, and nobody after it
                await self.tell_once()
            await asyncio.sleep(self.pause(wall_clock()))

    def pause(self, now: int) -> float:
        """Seconds until the next telling: longer while every partition reads what is old."""
        partitions = self._app.ownership.partitions.values()
        newest = max((partition.coverage.timestamp for partition in partitions), default=now)
        return TELL_SECONDS if newest >= now - OLD_MILLISECONDS else TELL_OLD_SECONDS

    async def tell_once(self) -> None:
        """Hand over what there is to tell; what is refused is noticed by the next checkpoint."""
        self.gather()
        try:
            await self._send()
        except Exception as error:  # noqa: BLE001 - whatever it was, it will not pass by itself
            fail_stop("facts could not be told", error)

    def gather(self) -> None:
        """Take what the partitions have to tell now."""
        ownership = self._app.ownership
        if ownership.epoch != self._epoch:
            self._epoch, self._caught_up_at = ownership.epoch, {}
        by_lineage: dict[int, list[tuple[int, Told, Teller]]] = {}
        for number, partition in ownership.partitions.items():
            told = partition.take_told()
            if told is not None:
                reached_end_at = self._reached_end_at(number, told.end)
                teller = Teller(ownership.safe[number], reached_end_at, wall_clock())
                found = by_lineage.setdefault(ownership.lineages[number], [])
                found.append((number, told, teller))
        for lineage, found in by_lineage.items():
            crossing = Crossing(ownership.generation, lineage, self._partitions, self._shards)
            for shard, message in enumerate(crossing.messages(found)):
                self._waiting.append((shard, message.encode()))

    def _reached_end_at(self, number: int, offset: int) -> int:
        """Wall clock of the last poll that had reached the end; 0 before the first."""
        seen = self._app.consumer.source_log.caught_up_at(number, offset)
        if seen is not None and seen[0]:
            self._caught_up_at[number] = seen[0]
        return self._caught_up_at.get(number, 0)

    async def _send(self) -> None:
        """Hand over what waits; waits itself only while the producer's buffer is full."""
        async with self._handing_over:
            while self._waiting:
                shard, raw = self._waiting[0]  # stays there if this is cancelled
                topic = self._settings.facts_topic
                self._pending.append(await hand_over(self._app, topic, raw, partition=shard))
                self._waiting.popleft()
            self._pending = [future for future in self._pending if not _is_stored(future)]

    async def acknowledged(self) -> None:
        """Wait until all that was gathered is stored; raises the producer's error."""
        await self._send()
        async with self._handing_over:
            pending, self._pending = self._pending, []
        await asyncio.gather(*pending)


def _is_stored(future: asyncio.Future[Any]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None
