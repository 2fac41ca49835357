"""`python -m tests.chaos.launcher worker`: tidegauge as it is, in a process that can be ill.

It ends with the process that started it, also when that one was killed.

Five environment variables make it so; without them it only says more of what it writes (`stamps`):

- CHAOS_RULE_OFF names a rule of `tests.simulation.ablations` that is switched off;
- CHAOS_CLOCK_HOURS sets the wall clock wrong by so many hours;
- CHAOS_MOST_IDS lets it remember fewer ids, so that a short run reaches the limit;
- CHAOS_PIECES lets it read slowly, so many records at a time;
- CHAOS_KILL names a file. While it holds the name of a point in the checkpoint (`POINTS`, or
  `AFTER_NEW_UNITS`), the process renames it and kills itself there with SIGKILL.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from itertools import count
from pathlib import Path
from typing import Any, NoReturn

import pytest
from faust.types.tuples import TP

from agents.changelog import Changelog, KeptRow
from agents.chunks import Chunk, ConsumerThread
from agents.transport import Consumer
from streams import duplicates
from streams.checkpoint import ARCHIVE, MANIFEST, Manifest, pane_of
from streams.unit import StoredUnit, unseal
from tests.chaos.rules import RULES
from tests.chaos.stamps import stamp_rows
from tidegauge.__main__ import main

UNITS, ARCHIVES, MANIFESTS, TOMBSTONES = "units", "archives", "manifests", "tombstones"
BEFORE_UNITS = "before the units"
AMONG_UNITS = "among the units"
AFTER_UNITS = "after the units"
AFTER_NEW_UNITS = "after units that begin beyond the manifest"
AFTER_ARCHIVE = "after the archive"
AMONG_MANIFESTS = "among the manifests"
AFTER_MANIFEST = "after the manifest"
AFTER_TOMBSTONES = "after the tombstones"
BEFORE_COMMIT = "before the group's commit"
POINTS = (
    *(BEFORE_UNITS, AMONG_UNITS, AFTER_UNITS, AFTER_ARCHIVE),
    *(AMONG_MANIFESTS, AFTER_MANIFEST, AFTER_TOMBSTONES, BEFORE_COMMIT),
)
AFTER = {
    UNITS: AFTER_UNITS,
    ARCHIVES: AFTER_ARCHIVE,
    MANIFESTS: AFTER_MANIFEST,
    TOMBSTONES: AFTER_TOMBSTONES,
}
DONE = ".done"
LOOK_SECONDS = 2.0
PAUSE_SECONDS = 0.05


class Trigger:
    """The file that says where to die."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def is_set(self, point: str) -> bool:
        """Whether it is to be at this point."""
        try:
            return self._file.read_text(encoding="utf-8") == point
        except FileNotFoundError:
            return False

    def pull(self) -> NoReturn:
        """Die as by a power cut."""
        self._file.rename(self._file.with_suffix(DONE))
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError  # nobody gets here


def stage_of(rows: Iterable[KeptRow]) -> str:
    """Which stage of a checkpoint rows are of; nothing when there are none."""
    for _, name, value in rows:
        if value is None:
            return TOMBSTONES
        kind = name.partition("/")[2]
        if kind == MANIFEST:
            return MANIFESTS
        return ARCHIVES if kind.startswith(ARCHIVE) else UNITS
    return ""


class Reached(dict[int, int]):
    """By partition, the offset of the last manifest that this process has written."""

    def note(self, rows: Iterable[KeptRow]) -> None:
        """Note the manifests of rows that are written."""
        for partition, name, value in rows:
            kind = name.partition("/")[2]
            if kind == MANIFEST and value is not None:
                self[partition] = unseal(Manifest, value, kind).offset

    def is_passed(self, rows: Iterable[KeptRow]) -> bool:
        """Whether a unit among rows begins beyond the manifest of its partition."""
        for partition, name, value in rows:
            kind = name.partition("/")[2]
            if partition not in self or value is None or pane_of(kind) is None:
                continue
            if unseal(StoredUnit, value, kind).first.offset > self[partition]:
                return True
        return False


def die_within_checkpoints(trigger: Trigger) -> None:
    """Let the changelog of units look at the trigger between its stages."""
    write, advise, reached = Changelog.write, Consumer._advise_group, Reached()

    async def write_or_die(self: Changelog, rows: Iterable[KeptRow]) -> None:
        held = list(rows)
        stage = stage_of(held)
        if self._settings.keeps_persons or not stage:
            return await write(self, held)
        if stage == UNITS and trigger.is_set(BEFORE_UNITS):
            trigger.pull()
        halves = {UNITS: AMONG_UNITS, MANIFESTS: AMONG_MANIFESTS}
        if stage in halves and len(held) > 1 and trigger.is_set(halves[stage]):
            await write(self, held[: len(held) // 2])
            trigger.pull()
        await write(self, held)
        if trigger.is_set(AFTER[stage]):
            trigger.pull()
        if trigger.is_set(AFTER_NEW_UNITS) and reached.is_passed(held):
            trigger.pull()
        reached.note(held)
        return None

    async def advise_or_die(self: Consumer, safe: dict[int, int]) -> None:
        if not self.app.settings.keeps_persons and trigger.is_set(BEFORE_COMMIT):
            trigger.pull()
        await advise(self, safe)

    Changelog.write = write_or_die  # type: ignore[method-assign]
    Consumer._advise_group = advise_or_die  # type: ignore[method-assign]


def set_clock_wrong(hours: float) -> None:
    """Shift what this process takes for the time of day."""
    right, right_ns = time.time, time.time_ns
    seconds = round(hours * 3600)
    time.time = lambda: right() + seconds
    time.time_ns = lambda: right_ns() + seconds * 1_000_000_000


def read_slowly(patch: pytest.MonkeyPatch, records: int) -> None:
    """Let it read so many records at a time, of one partition after the other."""
    fetch, turns = ConsumerThread._fetch_records, count()

    async def fetch_few(
        self: ConsumerThread,
        consumer: Any,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109, ARG001 - Faust's signature
        max_records: int | None = None,  # noqa: ARG001 - likewise
    ) -> dict[TP, Chunk]:
        await asyncio.sleep(PAUSE_SECONDS)
        turn = sorted(active_partitions)[next(turns) % max(1, len(active_partitions)) :][:1]
        return await fetch(self, consumer, set(turn), 0, records) if turn else {}

    patch.setattr(ConsumerThread, "_fetch_records", fetch_few)


def fall_ill(environment: Mapping[str, str]) -> None:
    """Do what the environment says."""
    if rule := environment.get("CHAOS_RULE_OFF"):
        RULES[rule](pytest.MonkeyPatch())
    if hours := environment.get("CHAOS_CLOCK_HOURS"):
        set_clock_wrong(float(hours))
    if most := environment.get("CHAOS_MOST_IDS"):
        duplicates.MAX_IDS = int(most)
    if pieces := environment.get("CHAOS_PIECES"):
        read_slowly(pytest.MonkeyPatch(), int(pieces))
    if file := environment.get("CHAOS_KILL"):
        die_within_checkpoints(Trigger(Path(file)))


def end_with(parent: int) -> None:
    """Die when the parent is no longer there."""
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


def run(arguments: list[str]) -> int:
    """Run a command of tidegauge."""
    threading.Thread(target=end_with, args=[os.getppid()], daemon=True).start()
    stamp_rows(pytest.MonkeyPatch())
    fall_ill(os.environ)
    return main(arguments)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
