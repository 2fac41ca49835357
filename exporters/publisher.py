"""Publishes what a worker holds: absolute values, all of a partition or nothing, nothing older.

A publication succeeds if Redis still holds what this worker wrote before (compare-and-set on the
epoch of its last whole publication and on the offset); else the partition is published whole.
Redis being away costs one wait of `timeout_seconds` per attempt, and attempts pause for at most
`PAUSE_SECONDS_MAX`, so values are right again within seconds of its return. What could not be
written is written with the next success.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import msgspec

from exporters.connection import FAILURES, connect, describe, within
from exporters.keys import KEPT_SECONDS, STAGING_SECONDS, Keys, Part, PartitionKeys, Source, script
from streams.freshness import FRESH_WITHIN
from streams.published import Progress
from streams.unit import seal, unseal

PAUSE_SECONDS = 0.25
PAUSE_SECONDS_MAX = 1.0
CALL_BYTES_MAX = 1 << 20
"""What is larger is sent in parts of this size and put in place by one call."""
PENDING_PANES_MAX = 512
"""More than these waiting: they are let go, and the partition is published whole instead."""

Publication = Literal["written", "refused", "foreign", "lost", "failed", "waiting"]
"""`written`; `refused`: a newer state is there; `foreign`: Redis holds something else, the next
publication is whole; `lost`: Redis forgot half of it; `failed`: Redis is away; `waiting`: it was
just now.
"""
PUBLICATIONS: Final[tuple[Publication, ...]] = Publication.__args__  # type: ignore[attr-defined]


@dataclass
class _Held:
    """What this worker left in Redis of a partition, and what is still to be written."""

    epoch: str = ""
    """Empty: nothing that could be added to."""
    sequence: int = 0
    whole: bool = True
    """Whether the next publication is a whole one."""
    pending: dict[str, bytes] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    found: Progress | None = None
    """What stood there when this worker last published it whole."""

    def going_on(self, progress: Progress) -> Progress:
        """As `progress`, with the last moment the end was reached, whoever reached it.

        That stays true of who has folded as much; not where a clock was wrong.
        """
        found = self.found
        if found is None or found.offset > progress.offset:
            return progress
        reached_at = found.caught_up_at
        if reached_at - progress.published_at > FRESH_WITHIN:
            self.found = None  # not when that time has come, either
            return progress
        if reached_at <= progress.caught_up_at:
            return progress
        return msgspec.structs.replace(progress, caught_up_at=reached_at)

    def note(self, changed: Mapping[str, bytes], removed: Iterable[str]) -> None:
        """Keep what must be written, however often that fails."""
        if not self.epoch:
            return
        self.pending.update(changed)
        self.removed.difference_update(changed)
        for pane in removed:
            self.pending.pop(pane, None)
            self.removed.add(pane)
        if len(self.pending) + len(self.removed) > PENDING_PANES_MAX:
            self.give_up()

    def succeed(self, epoch: str, sequence: int) -> None:
        """Note what is there now."""
        self.epoch, self.sequence, self.whole = epoch, sequence, False
        self.pending, self.removed = {}, set()

    def give_up(self, *, whole: bool = False) -> None:
        """Stop adding to what is there; ask before publishing whole, unless that was just done."""
        self.epoch, self.sequence, self.whole = "", 0, whole
        self.pending, self.removed = {}, set()


class SnapshotPublisher:
    """One worker's way to Redis; counts what happened in `publications` (by outcome)."""

    def __init__(
        self,
        redis_url: str,
        prefix: str,
        generation: str,
        *,
        timeout_seconds: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = connect(redis_url, timeout_seconds)
        self._keys = Keys(prefix)
        self._state = generation
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._commit = script("commit")
        self._held: dict[Part, _Held] = {}
        self._source = b""
        self._announced = True
        self._pause = 0.0
        self._resume_at = 0.0
        self.seen: Source | None = None
        """What others said is published, when Redis was last asked or told; None is nothing new."""
        self.publications: dict[Publication, int] = dict.fromkeys(PUBLICATIONS, 0)
        self.errors = 0
        self.last_error: str | None = None
        """What is wrong with Redis at the moment; None after a success."""

    async def announce(self, source: Source) -> bool:
        """Say what is published; when Redis is away (False), the next publication says it."""
        self._source, self._announced = seal(source), False
        try:
            await self._announce()
        except FAILURES as error:
            self._fail(error)
        else:
            self._succeed()
        return self._announced

    async def look(self) -> None:
        """Refresh `seen`, unless Redis is away."""
        if self._clock() < self._resume_at:
            return
        try:
            self._note(await within(self._timeout_seconds, self._redis.get(self._keys.source)))
        except FAILURES as error:
            self._fail(error)

    async def publish(
        self,
        partition: Part,
        progress: Progress,
        changed: Mapping[str, bytes],
        everything: Callable[[], Mapping[str, bytes]],
        removed: Iterable[str] = (),
        *,
        state: str | None = None,
    ) -> Publication:
        """Publish one partition as of `progress`; never raises because of Redis.

        `changed` holds the panes changed since the last call, whatever came of that; `removed`
        names those dropped since. `everything` is called before the first await or not at all, so
        that what it returns belongs to `progress`: take both and await this directly, without an
        await or a task in between. One call per partition at a time. `state` names the state it
        is of, where that is not the generation; call `forget` when it becomes another one.
        """
        held = self._held.setdefault(partition, _Held())
        held.note(changed, removed)
        if self._clock() < self._resume_at:
            return self._count("waiting")
        panes = everything() if held.whole else held.pending
        try:
            keys = self._keys.partition(state or self._state, partition)
            outcome = await self._write(keys, progress, held, panes)
        except FAILURES as error:
            if held.whole:
                held.give_up()  # encoding everything over and over would hold up the fold
            self._fail(error)
            return self._count("failed")
        self._succeed()
        return self._count(outcome)

    def forget(self, partition: Part) -> None:
        """Drop what is known of a partition that went to another worker; Redis keeps its state."""
        self._held.pop(partition, None)

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def _write(
        self,
        keys: PartitionKeys,
        progress: Progress,
        held: _Held,
        panes: Mapping[str, bytes],
    ) -> Publication:
        if not self._announced:
            await self._announce()
        if held.whole:
            held.found = await self._found(keys) or held.found
        progress = held.going_on(progress)
        staging = keys.staging(secrets.token_hex(8))
        epoch = secrets.token_hex(8) if held.whole else held.epoch
        staged = len(panes) if held.whole or _size(panes) > CALL_BYTES_MAX else 0
        for part in _parts(panes) if staged else ():
            await self._stage(staging, part)
        names = tuple(held.removed)
        inline = () if staged else (x for pair in panes.items() for x in pair)
        word, detail = await self._call(
            *(keys.units, keys.changes, self._keys.source, staging),
            *("replace" if held.whole else "merge", epoch, held.sequence),
            *(progress.offset, seal(progress), KEPT_SECONDS, self._source),
            *(staged, len(names), *names, *inline),
        )
        outcome: Publication = word.decode()
        if outcome == "written":
            held.succeed(epoch, int(detail))
        else:
            held.give_up(whole=outcome == "foreign")
        return outcome

    async def _found(self, keys: PartitionKeys) -> Progress | None:
        """What is there of a partition; None when nothing that can be read."""
        told = self._redis.hmget(keys.units, ["progress"])
        (raw,) = await within(self._timeout_seconds, told)
        with suppress(ValueError):
            return unseal(Progress, raw) if raw else None
        return None

    async def _stage(self, staging: str, part: Mapping[str, bytes]) -> None:
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hset(staging, items=[x for pair in part.items() for x in pair])
            pipeline.expire(staging, STAGING_SECONDS)
            await within(self._timeout_seconds, pipeline.execute())

    async def _call(self, *arguments: Any) -> Any:
        return await within(self._timeout_seconds, self._redis.eval(self._commit, 4, *arguments))

    async def _announce(self) -> None:
        told = self._redis.set(self._keys.source, self._source, ex=KEPT_SECONDS, get=True)
        self._note(await within(self._timeout_seconds, told))
        self._announced = True

    def _note(self, source: bytes | None) -> None:
        """Note what stood there, unless it is this worker's own word or cannot be read."""
        self.seen = None
        if source is not None and source != self._source:
            with suppress(ValueError):
                self.seen = unseal(Source, source)

    def _succeed(self) -> None:
        self._pause = self._resume_at = 0.0
        self.last_error = None

    def _fail(self, error: BaseException) -> None:
        self.errors += 1
        self.last_error = describe(error)
        self._pause = min(max(PAUSE_SECONDS, 2 * self._pause), PAUSE_SECONDS_MAX)
        self._resume_at = self._clock() + self._pause

    def _count(self, outcome: Publication) -> Publication:
        self.publications[outcome] += 1
        return outcome


def _size(panes: Mapping[str, bytes]) -> int:
    return sum(map(len, panes.values()))


def _parts(panes: Mapping[str, bytes]) -> Iterable[dict[str, bytes]]:
    """Cut panes so that each part is one call of a sane size; a pane itself is never cut."""
    part: dict[str, bytes] = {}
    size = 0
    for pane, unit in panes.items():
        if part and size + len(unit) > CALL_BYTES_MAX:
            yield part
            part, size = {}, 0
        part[pane] = unit
        size += len(unit)
    if part:
        yield part
