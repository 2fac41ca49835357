"""The benchmark of persons: preload the facts, let a worker take them, start it again, compare."""

import asyncio
import tempfile
import time
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka import Producer
from rich.console import Console

from agents.allocator import TIDY_SECONDS
from agents.brokers import Brokers
from agents.changelog import read_rows
from agents.settings import WorkerSettings
from agents.topics import administration, create, prepare
from benchmarks.crowd import Crowd
from benchmarks.keeper_run import KeeperMoment, KeeperRun
from exporters.snapshot_store import SnapshotReader
from streams.generation import generation
from streams.panes import DAY, Pane
from streams.persons.names import ACTIVE, LIFECYCLE
from streams.persons.sections import Crossing
from streams.persons.snapshot import head_name, offset_of
from streams.unit import Unit
from tidegauge.assembly import folding
from tidegauge.embedded import EmbeddedBroker, EmbeddedRedis
from tidegauge.settings import Settings

TOPIC, APPLICATION = "events", "bench-persons"
PARTITIONS = 4
FLUSH_SECONDS = 120
MEGABYTE = 1 << 20
SETTLE_SECONDS = 15
MONTH = 30


class Loaded(NamedTuple):
    """What stands in the facts topic."""

    upto: dict[int, list[int]]
    """Facts of a shard before each offset."""
    bytes: int

    def between(self, begin: dict[int, int], end: dict[int, int]) -> int:
        """Facts between two offsets of each shard."""
        return sum(
            facts[end[n]] - facts[min(begin.get(n, 0), end[n])] for n, facts in self.upto.items()
        )

    @property
    def ends(self) -> dict[int, int]:
        """End of each shard's partition."""
        return {number: len(facts) - 1 for number, facts in self.upto.items()}


class PersonsRun:
    """One run of the benchmark."""

    def __init__(self, persons: int, days: int) -> None:
        self._folding = folding(Settings())
        calendar = self._folding.calendar
        today = calendar.day_start(int(time.time() * 1_000))
        self._crowd = Crowd(persons, days, calendar.day_start(today - DAY), calendar)
        self._console = Console(stderr=True)
        self._is_equal = True
        self._seconds = 0.0

    def run(self) -> dict[str, Any]:
        """Start the servers, measure, and end them."""
        with (
            EmbeddedBroker() as broker,
            EmbeddedRedis() as redis,
            tempfile.TemporaryDirectory(prefix="tidegauge-bench-") as folder,
        ):
            self._settings = WorkerSettings(
                Brokers(broker.bootstrap), TOPIC, self._folding, APPLICATION, redis_url=redis.url
            )
            with administration(self._settings.kafka) as admin:
                create(admin, TOPIC, PARTITIONS, 1, {})
            loaded = self._preload()
            return self._measure(loaded, Path(folder))

    def _preload(self) -> Loaded:
        """Write what four partitions would tell of the crowd."""
        settings = self._settings
        found = prepare(settings)
        state = generation(self._folding, found.source.topic_id)
        crossing = Crossing(state, 0, PARTITIONS, found.facts.partitions)
        producer = Producer({"bootstrap.servers": settings.kafka.bootstrap, "linger.ms": 20})
        counts: dict[int, list[int]] = {number: [] for number in range(crossing.shards)}
        size = 0
        for facts, messages in self._crowd.messages(crossing, int(time.time() * 1_000)):
            for shard, raw in enumerate(messages):
                producer.produce(settings.facts_topic, raw, partition=shard)
                counts[shard].append(facts // crossing.shards)
                size += len(raw)
            producer.poll(0)
        if producer.flush(FLUSH_SECONDS):
            raise RuntimeError("the facts could not be written")
        self._console.print(
            f"{self._crowd.facts:,} facts of {self._crowd.persons:,} persons are told in "
            f"{size / 1e6:,.0f} MB"
        )
        return Loaded({n: [0, *accumulate(each)] for n, each in counts.items()}, size)

    def _measure(self, loaded: Loaded, folder: Path) -> dict[str, Any]:
        first = self._keep("first", folder, loaded.ends)
        rate = self._rate(first, loaded)
        self._console.print(f"Taking: {rate:,.0f} facts/s")
        snapshots, size = asyncio.run(self._snapshots())
        again = self._keep("again", folder, loaded.ends)
        recovery_seconds = self._seconds
        read_again = loaded.between(snapshots, loaded.ends)
        moments = [*first, *again]
        return {
            "megabytes_per_worker": round(again[-1].resident_bytes / MEGABYTE, 1),
            "facts_per_second": round(rate),
            "recovery_seconds": round(recovery_seconds, 1),
            "snapshot_seconds": round(again[-1].changelog_seconds, 1),
            "persons": self._crowd.persons,
            "days": self._crowd.days,
            "facts": self._crowd.facts,
            "peak_megabytes": round(max(m.resident_bytes for m in moments) / MEGABYTE, 1),
            "megabytes_at_the_end_of_recovery": round(again[-2].resident_bytes / MEGABYTE, 1),
            "megabytes_before_recovery": round(first[-1].resident_bytes / MEGABYTE, 1),
            "snapshot_megabytes": round(size / MEGABYTE, 1),
            "facts_read_again": read_again,
            "shards": len(loaded.ends),
            "crowd_equal": self._is_equal,
            "measured": "one real worker with both apps and all shards, embedded broker and Redis; "
            "memory is resident and of the whole process, after it was started again and has given "
            "back what is free; recovery is from the start of the process, so that some 10 s of it "
            "are the embedded broker's group, until all shards have come to the end of the facts, "
            "with snapshots read before",
        }

    def _keep(self, name: str, folder: Path, ends: dict[int, int]) -> list[KeeperMoment]:
        """Let a worker come to the end of the facts, and compare what it publishes."""
        settings = self._settings
        run = KeeperRun(settings.kafka.bootstrap, settings.redis_url, TOPIC, APPLICATION)
        with run.keeping(folder / name):
            run.until(ends)
            came = run.keeper_moments[-1]
            self._is_equal &= asyncio.run(self._is_published())
            run.look()
            time.sleep(TIDY_SECONDS + 1)  # what is free is given back so often
            run.look()
        took, size = came.seconds - run.began, run.keeper_moments[-1].resident_bytes / MEGABYTE
        self._console.print(f"A worker came to the end in {took:.1f} s, with {size:.0f} MB")
        self._seconds = took
        return run.keeper_moments

    def _rate(self, moments: list[KeeperMoment], loaded: Loaded) -> float:
        """Facts a second, from the first that was taken on."""
        begun = next(moment for moment in moments if sum(moment.offsets.values()))
        end = next(m for m in moments if m.reaches(loaded.ends))
        seconds = end.seconds - begun.seconds
        return loaded.between(begun.offsets, loaded.ends) / max(seconds, 0.1)

    async def _snapshots(self) -> tuple[dict[int, int], int]:
        """Offset of the newest snapshot of each shard, and how large all rows are."""
        rows = await read_rows(self._settings.of_persons(), range(PARTITIONS))
        offsets = {}
        for number, found in rows.items():
            names = found.names()
            heads = [o for name in names if (o := offset_of(name)) and head_name(o) == name]
            offsets[number] = max(heads, default=0)
        return offsets, sum(len(r.raw) for found in rows.values() for r in found.held.values())

    async def _is_published(self) -> bool:
        """Whether the crowd stands in Redis, or soon does."""
        reader = SnapshotReader(self._settings.redis_url, APPLICATION, self._folding)
        deadline = time.monotonic() + SETTLE_SECONDS
        try:
            while time.monotonic() < deadline:
                shards = (await reader.read()).shards.values()
                if self._is_crowd([shard.units for shard in shards]):
                    return True
                await asyncio.sleep(0.5)
        finally:
            await reader.close()
        return False

    def _is_crowd(self, shards: list[dict[Pane, Unit]]) -> bool:
        """Whether everybody was there within the days, and was new on the day it was."""
        calendar, crowd = self._folding.calendar, self._crowd
        days = list(calendar.days_back(crowd.last_day, crowd.days))[::-1]

        def count(pane: Pane, sheet: str, labels: tuple[str, ...]) -> int:
            units = (units[pane] for units in shards if pane in units)
            return sum(unit.state.get(sheet, {}).get(labels, 0) for unit in units)

        new = [count(pane, LIFECYCLE, ("new",)) for pane in days]
        everybody = count(days[-1], ACTIVE, ("30",)) if crowd.days <= MONTH else crowd.persons
        return everybody == crowd.persons and new == [*map(crowd.newcomers, range(crowd.days))]
