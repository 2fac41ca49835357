"""Rebuilds the state from the source in a lineage of its own, beside the one that is live.

Nothing is written until the new state has come to the end of every partition. Then it is stored and
published under a name of its own, the row `lineage` of each partition says that it counts, and it
is announced. The workers see that in Redis, go on from it and delete the rows of earlier lineages.
Stopped before, a replay leaves at most rows that nobody reads.

Records that cannot be read are judged as a worker judges them, and dead-lettered where no worker's
checkpoint had passed them; the others were.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack, suppress
from types import SimpleNamespace
from typing import Any, NamedTuple, TypeVar

from agents.alone import Alone
from agents.changelog import VERSION_ADVICE, KeptRow, read_rows, row_key
from agents.clients import started
from agents.dead_letters import DeadLetterOffice
from agents.folded import Folded
from agents.rereading import Advance, Rereading, source_consumer
from agents.rereading_persons import RereadingPersons
from agents.settings import Refusal, WorkerSettings
from agents.showing import Showing
from agents.topics import Prepared
from agents.writing import WRITE_DEADLINE_SECONDS, changelog_producer, hand_over
from exporters.connection import connect
from exporters.keys import Keys, Part, shard_part, state_name
from exporters.keys import Source as Announcement
from exporters.publisher import SnapshotPublisher
from exporters.snapshot_store import wall_clock
from streams.checkpoint import MANIFEST, Manifest, Row
from streams.panes import NO_WATERMARK
from streams.persons.sections import Crossing
from streams.place import Place
from streams.published import Progress
from streams.rows import LINEAGE, row_name, switch_to
from streams.unit import UnknownVersion, seal

READ_MILLISECONDS = 200
CATCH_UP_MILLISECONDS = 20
FORGET_SECONDS = 10.0
REDIS_SECONDS = 1.0
BEHIND_SECONDS = 5.0
"""How long to try to get ahead of what is shown; where a topic lost its end, that never comes."""
SHOW_SECONDS = 10.0
"""How long Redis may be away when the new state is to be shown."""
T = TypeVar("T")


class Outcome(NamedTuple):
    """What a replay came to."""

    records: int
    dead: int
    """Records that could not be read."""
    sent: int
    """Those of them that were dead-lettered."""
    seconds: float


class Replay:
    """One replay of all partitions; `run` it once."""

    def __init__(
        self,
        settings: WorkerSettings,
        found: Prepared,
        generation: str,
        tell: Callable[[Advance], Any],
    ) -> None:
        """`tell` is called several times a second, with how far it is."""
        self._settings, self._generation = settings, generation
        self._source, self._facts = found
        self._persons_settings = settings.of_persons()
        self._tell = tell
        self._lineage = 0
        self._known: dict[int, int] = {}
        """Offset that the checkpoint of each partition has passed, and with it its dead letters."""
        self._stored_at = 0
        self.counts = False
        """Whether the new state counts, or may: what is left undone from here on is no matter."""

    async def run(self, begin: int | None) -> Outcome:
        """Replay from the first record at or after `begin` (milliseconds), or from the first.

        Raises Refusal, Vanished, and Kafka's errors.
        """
        began, settings = time.monotonic(), self._settings
        async with AsyncExitStack() as stack:
            redis = connect(settings.redis_url, REDIS_SECONDS)
            stack.push_async_callback(redis.aclose)
            claim = f"{settings.redis_prefix}:replay:{settings.application}"
            alone = Alone(redis, claim, "another replay", self._tell_of_waiting)
            await stack.enter_async_context(alone)
            await self._choose_lineage()
            producer = await stack.enter_async_context(started(changelog_producer(settings)))
            # What a worker writes with asks a Faust app for nothing but its producer.
            self._app = SimpleNamespace(producer=SimpleNamespace(_producer=producer))
            self._letters = DeadLetterOffice(self._app, settings)
            consumer = await stack.enter_async_context(started(source_consumer(settings)))
            partitions = self._source.partitions
            self._reading = Rereading(consumer, settings, partitions, self._generation)
            crossing = Crossing(self._generation, self._lineage, partitions, self._facts.partitions)
            self._persons = RereadingPersons(settings, crossing)
            await self._reading.begin(begin)
            await self._read_to_the_end("Replaying")
            await self._take_over(alone, self._showing(stack, redis))
        seconds = time.monotonic() - began
        return Outcome(self._reading.records, self._reading.dead, self._letters.sent, seconds)

    def _tell_of_waiting(self) -> None:
        self._tell(Advance("Waiting for another replay", 0, 0))

    async def _choose_lineage(self) -> None:
        try:
            rows = await read_rows(self._settings, range(self._source.partitions))
            shards = await read_rows(self._persons_settings, range(self._facts.partitions))
        except UnknownVersion as error:
            raise Refusal(f"the stored state was {error}. {VERSION_ADVICE}") from error
        self._lineage = max(found.next_lineage() for found in (*rows.values(), *shards.values()))
        manifests = {number: found.read(Manifest, MANIFEST) for number, found in rows.items()}
        self._known = {number: held.offset for number, held in manifests.items() if held}

    def _showing(self, stack: AsyncExitStack, redis: Any) -> Showing:
        settings = self._settings
        state = state_name(self._generation, self._lineage)
        publisher = SnapshotPublisher(settings.redis_url, settings.redis_prefix, state)
        stack.push_async_callback(publisher.close)
        topic, partitions = settings.topic, self._source.partitions
        shards = self._facts.partitions
        announcement = Announcement.of(settings.folding, state, topic, partitions, shards)
        return Showing(redis, publisher, Keys(settings.redis_prefix), announcement)

    async def _read_to_the_end(self, what: str) -> None:
        """Read all that was there a moment ago: the rest is read while the state takes over."""
        reading = self._reading
        ends: dict[int, int] = {}
        forget_at = time.monotonic() + FORGET_SECONDS
        while not reading.has_come_to(ends):
            ends = reading.ends()
            await self._read(READ_MILLISECONDS)
            self._tell(reading.advance(what))
            if not self._stored_at and time.monotonic() > forget_at:
                reading.forget_changes()
                forget_at = time.monotonic() + FORGET_SECONDS

    async def _read(self, milliseconds: int) -> None:
        """Read on, and do what a worker does with what cannot be read."""
        for number, dead in (await self._reading.read(milliseconds)).items():
            self._letters.judge(number, self._reading.partitions[number].dead_letters, dead)
            known = self._known.get(number, 0)
            await self._letters.send(number, [letter for letter in dead if letter.offset >= known])
        await self._letters.acknowledged()
        self._persons.take(self._reading.partitions, self._reading.caught_up_at)

    async def _take_over(self, alone: Alone, showing: Showing) -> None:
        """Store and publish all, which takes its time; catch up; then let it count and show it."""
        self._tell(self._reading.advance("Storing"))
        await self._store()
        await self._publish(showing)  # if Redis is away now, it is asked again
        await self._read_to_the_end("Catching up")
        await self._store()
        await alone.check()
        await _uninterrupted(self._switch(showing))

    async def _store(self) -> None:
        """Write a checkpoint of each partition; nobody reads it yet."""
        for number in self._reading.partitions:
            for rows in self._stages(number):
                await self._write(self._settings, number, rows)
        ends = await self._reading.ends_of(self._settings.facts_topic, self._facts.partitions)
        for number, stages in self._persons.store(ends):
            for rows in stages:
                await self._write(self._persons_settings, number, rows)
        self._stored_at = wall_clock()

    def _stages(self, number: int) -> Iterable[Sequence[Row]]:
        partition, start = self._reading.partitions[number], self._reading.starts[number]
        snapshot = partition.snapshot()
        if snapshot is not None:
            return snapshot.stages()
        if partition.offset > start:
            return []  # nothing since the last one
        # Where there was nothing to read, a worker must begin there, not where the source does.
        place = Place(start, NO_WATERMARK, start, NO_WATERMARK)
        return [[(MANIFEST, seal(Manifest(self._generation, start, place), MANIFEST))]]

    async def _write(self, settings: WorkerSettings, number: int, rows: Iterable[Row]) -> None:
        """Write rows of a partition or shard and wait until they are acknowledged."""
        named = [(number, row_name(self._lineage, name), raw) for name, raw in rows]
        await self._send([(settings.changelog_topic, row) for row in named])

    async def _send(self, rows: Iterable[tuple[str, KeptRow]]) -> None:
        """Send rows to their topics and wait until they are acknowledged."""
        async with asyncio.timeout(WRITE_DEADLINE_SECONDS):
            futures = [
                await hand_over(self._app, topic, raw, key=row_key(number, name), partition=number)
                for topic, (number, name, raw) in rows
            ]
            await asyncio.gather(*futures)

    async def _publish(self, showing: Showing) -> bool:
        """Publish partitions and shards as they are now; False when not all of it is there."""
        reading, persons, stored_at = self._reading, self._persons, self._stored_at
        parts: dict[Part, Folded] = {}
        progress: dict[Part, Progress] = {}
        for number, partition in reading.partitions.items():
            parts[number], progress[number] = partition, reading.progress(number, stored_at)
        for number, shard in persons.shards.items():
            told = persons.progress(number, stored_at)
            if told is None:
                return False
            parts[shard_part(number)], progress[shard_part(number)] = shard, told
        return await showing.publish(parts, progress)

    async def _switch(self, showing: Showing) -> None:
        """From here on a worker that recovers takes the new state; those that run see it shown."""
        self.counts = True
        counted = self._settings.changelog_topic, self._reading.partitions
        kept = self._persons_settings.changelog_topic, self._persons.shards
        row = switch_to(self._lineage)
        await self._send(
            (topic, (n, LINEAGE, row)) for topic, all_ in (kept, counted) for n in all_
        )
        began, waited = time.monotonic(), 0.0
        while not (
            await self._publish(showing)
            and await showing.announce(self._reading.offsets(), anyway=waited > BEHIND_SECONDS)
        ):
            waited = time.monotonic() - began
            if waited > SHOW_SECONDS:
                raise Refusal(
                    "the new state is complete and counts, but Redis does not answer "
                    f"({showing.error}), so that it is not shown. Nothing is lost: when Redis is "
                    "back, restart the workers, they go on from it"
                )
            await self._reading.read(CATCH_UP_MILLISECONDS)  # a worker reads that too
            self._persons.take(self._reading.partitions, self._reading.caught_up_at)


async def _uninterrupted(work: Coroutine[Any, Any, T]) -> T:
    """Await something to its end, also when interrupted: half of it would be worse."""
    task = asyncio.create_task(work)
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.shield(task)
    return task.result()
