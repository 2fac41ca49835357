"""Reads what the workers published: every partition at one instant of it, or the reason why not.

A reader keeps the units it has read and fetches only panes that changed; when a partition was
published anew (another worker, a flushed Redis) it rereads it whole. What `read` returns is never
changed later.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from exporters.connection import FAILURES, connect, describe, within
from exporters.keys import HEAD, Keys, Part, Source, script
from streams.decoding import EARLIEST, LATEST
from streams.folding import Folding
from streams.panes import SECOND, Pane
from streams.published import Progress, Published
from streams.reading import as_of
from streams.unit import UnknownVersion, unseal

STALE_AFTER_SECONDS = 60.0
READ_TIMEOUT_SECONDS = 2.0


def wall_clock() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class Snapshot:
    """Everything published, as of one read."""

    source: Source | None = None
    partitions: dict[int, Published] = field(default_factory=dict)
    shards: dict[int, Published] = field(default_factory=dict)
    """Of persons."""
    problems: list[str] = field(default_factory=list)
    """Why the business series must not be shown, in words; empty when they may."""


class _Held(NamedTuple):
    """What the reader has of a partition, and which publication that was."""

    epoch: bytes = b""
    sequence: int = 0
    published: Published | None = None


class SnapshotReader:
    """One exporter's view of Redis; `read` is called by one task at a time."""

    def __init__(
        self,
        redis_url: str,
        prefix: str,
        folding: Folding,
        *,
        stale_after_seconds: float = STALE_AFTER_SECONDS,
        clock: Callable[[], int] = wall_clock,
        timeout_seconds: float = READ_TIMEOUT_SECONDS,
    ) -> None:
        self._redis = connect(redis_url, timeout_seconds)
        self._keys = Keys(prefix)
        self._folding = folding
        self._stale_after_seconds = stale_after_seconds
        self._clock = clock
        self._timeout_seconds = timeout_seconds
        self._script = script("read")
        self._generation = ""
        self._held: dict[Part, _Held] = {}
        self._reached: dict[Part, int] = {}
        """Offset at which each was read: of one state none goes back, unless Redis did."""
        self.errors = 0
        """How often Redis could not be read."""

    async def read(self) -> Snapshot:
        """Read what changed; never raises because of Redis or of what stands in it."""
        try:
            raw = await within(self._timeout_seconds, self._redis.get(self._keys.source))
            if raw is None:
                return Snapshot(problems=["no worker has published anything yet"])
            source = unseal(Source, raw)
            answers = await self._fetch(source)
        except FAILURES as error:
            self.errors += 1
            return Snapshot(problems=[f"Redis cannot be read: {describe(error)}"])
        except ValueError as error:
            return Snapshot(problems=[_unreadable("the source record", error)])
        return self._snapshot(source, answers)

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def _fetch(self, source: Source) -> list[Sequence[Any]]:
        if source.generation != self._generation:
            self._generation, self._held, self._reached = source.generation, {}, {}
        async with self._redis.pipeline(transaction=False) as pipeline:
            for partition in source.parts():
                held = self._held.get(partition, _Held())
                keys = self._keys.partition(source.generation, partition)
                pipeline.eval_ro(self._script, 2, *keys, held.epoch, held.sequence)  # type: ignore[no-untyped-call,unused-ignore]
            answers: list[Sequence[Any]] = await pipeline.execute()
        return answers

    def _snapshot(self, source: Source, answers: Sequence[Sequence[Any]]) -> Snapshot:
        problems = self._mismatches(source)
        found: dict[Part, Published] = {}
        for part, answer in zip(source.parts(), answers, strict=True):
            try:
                published = self._take(part, answer)
            except ValueError as error:  # Damaged, UnknownVersion, or a pane's name that is none
                self._held.pop(part, None)
                problems.append(_unreadable(_called(part), error))
                continue
            if published is None:
                problems.append(f"{_called(part)} is missing: {_unpublished(part)}")
                continue
            found[part] = published
            problems += self._doubts(part, published)
        partitions = {part: held for part, held in found.items() if isinstance(part, int)}
        shards = [held for part, held in found.items() if part not in partitions]
        return Snapshot(
            source, partitions, {held.progress.partition: held for held in shards}, problems
        )

    def _take(self, partition: Part, answer: Sequence[Any]) -> Published | None:
        """Take one partition's answer; None when there is nothing whole."""
        if answer[0] not in (b"whole", b"changes"):
            self._held.pop(partition, None)
            return None
        word, epoch, sequence, head, pairs, left = answer
        held = self._held.get(partition, _Held()).published
        units = dict(held.units) if held and word == b"changes" else {}
        published = Published(unseal(Progress, head), units)
        published.update(_panes(pairs), self._folding)
        if left:
            names = {Pane.parse(name.decode()) for name in left}
            published.units = {pane: unit for pane, unit in units.items() if pane in names}
        self._held[partition] = _Held(epoch, int(sequence), published)
        return published

    def _mismatches(self, source: Source) -> list[str]:
        """Settings in which the workers differ from this exporter."""
        problems = []
        missing = self._folding.metrics.keys() - source.metrics.keys()
        if missing:
            names = ", ".join(sorted(self._folding.metrics[fold_id].name for fold_id in missing))
            problems.append(
                f"the workers do not count these metrics as this exporter defines them: {names}; "
                "give both the same catalogue and restart them"
            )
        zone = self._folding.calendar.zone.key
        if source.time_zone != zone:
            problems.append(
                f"the workers cut days in {source.time_zone}, this exporter in {zone}; "
                "give both the same reporting time zone"
            )
        return problems

    def _doubts(self, part: Part, published: Published) -> list[str]:
        """Why a partition or shard that is there cannot be used."""
        offset = published.progress.offset
        reached = self._reached[part] = max(offset, self._reached.get(part, offset))
        if offset < reached:
            back = f"{_called(part)} went back in Redis from offset {reached} to {offset}"
            return [f"{back}: Redis lost what was written, and its worker writes it again"]
        age_seconds = (self._clock() - published.progress.published_at) / SECOND
        if age_seconds > self._stale_after_seconds:
            age = f"{_called(part)} was last published {age_seconds:.0f} s ago"
            return [f"{age}: its worker has stopped or cannot reach Redis"]
        since = {} if isinstance(part, str) else published.progress.since
        missing = self._folding.metrics.keys() - since.keys() if since else set()
        if missing:
            names = ", ".join(sorted(self._folding.metrics[fold_id].name for fold_id in missing))
            whose = f"{_called(part)} is counted by a worker with another catalogue"
            return [f"{whose}, without {names}; give all workers the same and restart them"]
        if as_of([published]) < EARLIEST:
            return [f"{_called(part)} has not read enough yet to know the time"]
        if as_of([published]) >= LATEST:
            return [f"{_called(part)} is at a time that no event can have"]
        return []


def _unpublished(part: Part) -> str:
    if isinstance(part, int):
        return "no worker has published it"
    return "no worker has published it, or it has not heard of every partition yet"


def _called(part: Part) -> str:
    """What a partition or shard is called."""
    if isinstance(part, int):
        return f"partition {part}"
    return f"shard {part.partition('-')[2]} of persons"


def _panes(pairs: Sequence[bytes]) -> Mapping[str, bytes]:
    names = (name.decode() for name in pairs[::2])
    return {name: raw for name, raw in zip(names, pairs[1::2], strict=True) if name not in HEAD}


def _unreadable(what: str, error: ValueError) -> str:
    if isinstance(error, UnknownVersion):
        return f"{what} was {error}: run the same version of workers and exporters"
    return f"{what} cannot be read: {error}"
