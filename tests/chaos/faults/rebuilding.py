"""Workers that build units anew slowly, so that many a checkpoint falls among it.

In production a rebuild reads weeks of the source. Here it would be over within one chunk.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streams import duplicates
from streams.checkpoint import MANIFEST, Manifest, Row
from streams.partition import Partition
from streams.unit import unseal
from tests.chaos.faults.buried import rebuilt, take_hours
from tests.chaos.faults.changelog import Rows, read_rows, write_rows
from tests.chaos.faults.checkpoints import LONGEST_SECONDS, die_at
from tests.chaos.faults.registry import Skipped, fault
from tests.chaos.faults.workers import KILLED
from tests.chaos.launcher import AFTER_MANIFEST, AFTER_NEW_UNITS
from tests.chaos.recount import MOST_IDS
from tests.chaos.world import World

SLOW, SLOWER, SLOWEST = "60", "25", "2"
"""Records that are read of a partition at a time: its history takes seconds, or it stays behind."""
A_MINUTE_BEGINS_SECONDS = 90.0
"""At the slowest rate a minute's unit begins in the next minute."""
APART = 6
"""Records between two zombies of the same partition."""


@fault("a slow worker builds a unit anew")
def build_slowly(world: World) -> str:
    """Two zombies from the midst of history land, a unit is buried; a slow worker goes on."""
    name, victim, number, rows, hours = take_hours(world)
    assert victim.kill() == KILLED
    hour = world.rng.choice(hours[: len(hours) // 4 + 1])
    old = list(_rows_of_zombies(world, number, rows))
    write_rows(world, number, [*old, (hour, None)])
    newest = world.tail.safe[number]
    slow = world.crew.start(name, pieces=SLOW)
    try:
        told = world.crew.wait_for("it is built anew", lambda: rebuilt(world, number), 90)
        world.crew.wait_for("it is whole", lambda: world.beyond({number: newest}))
    finally:
        if world.crew.services[name] is slow:
            slow.end()
            world.crew.start(name)
    return f"{name}: partition {number}: {len(old)} rows of zombies, {hour} buried; {told}"


def _rows_of_zombies(world: World, number: int, rows: Rows) -> Iterator[Row]:
    """Units of who stood still in the midst of history; the one who is further on lands first."""
    generation, until = _manifest(rows).generation, _manifest(rows).offset
    world.recorder.catch_up({number: until})
    log = world.recorder.rows[number][:until]
    history = [row for row in log if row.timestamp < world.traffic.begun]
    middle = len(history) * 3 // 4
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duplicates, "MAX_IDS", MOST_IDS)  # as workers do
        for end in (middle, middle - APART):
            zombie = Partition(world.line.worker_settings().folding, generation=generation)
            zombie.fold(history[:end])
            snapshot = zombie.snapshot()
            assert snapshot is not None
            yield from snapshot.units


@fault("what lies beyond a manifest is buried")
def bury_what_lies_beyond(world: World) -> str:
    """A worker dies after it has begun a unit, the next one after a manifest before that."""
    name, victim, owned = world.take_someone()
    assert victim.kill() == KILLED
    points = (
        (SLOWER, AFTER_NEW_UNITS, A_MINUTE_BEGINS_SECONDS),
        (SLOWEST, AFTER_MANIFEST, LONGEST_SECONDS),
    )
    for pieces, point, seconds in points:
        slow = world.line.worker(instance=name, pieces=pieces)
        try:
            die_at(world, name, slow, point, seconds)
        except Skipped:
            world.crew.services.pop(name).end()
            world.crew.start(name)
            raise
    buried = 0
    for number in owned:
        rows = read_rows(world, number)
        beyond = [name for name in begun_beyond(_manifest(rows)) if rows[name][-1] is not None]
        write_rows(world, number, [(name, None) for name in beyond])
        buried += len(beyond)
    world.crew.start(name)
    if not buried:
        raise Skipped("no unit was begun beyond a manifest")
    return f"{name}: exit code {KILLED} thrice, {buried} units that were begun later are buried"


def _manifest(rows: Rows) -> Manifest:
    """The newest one; zombies may have written after it."""
    held = rows.get(MANIFEST, [])
    found = [unseal(Manifest, raw, MANIFEST) for raw in held if raw is not None]
    return max(found, key=lambda manifest: manifest.offset, default=Manifest())


def begun_beyond(manifest: Manifest) -> list[str]:
    """Units that a manifest lists and that were begun where it does not reach."""
    return sorted(n for n, e in manifest.units.items() if e.first.offset > manifest.offset)
