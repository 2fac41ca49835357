"""What a process that was left behind may still write: old rows, and tombstones of what counts.

The suite writes them itself, as such a process would: no worker is slow enough on demand.
"""

from __future__ import annotations

import re
from datetime import datetime

from streams.checkpoint import MANIFEST, Manifest
from streams.unit import unseal
from tests.chaos.faults.buried import rebuilt, take_hours
from tests.chaos.faults.changelog import read_rows, write_rows
from tests.chaos.faults.registry import Skipped, fault
from tests.chaos.faults.workers import KILLED
from tests.chaos.world import World

OWNING = re.compile(r"owning partitions (.*)$")


@fault("a listed unit is buried")
def bury_a_unit(world: World) -> str:
    """A tombstone of an hour that nobody writes any more; then its owner dies."""
    name, victim, number, _, hours = take_hours(world)
    hour = world.rng.choice(hours[: max(1, len(hours) // 2)])
    assert victim.kill() == KILLED
    write_rows(world, number, [(hour, None)])
    world.crew.start(name)
    told = world.crew.wait_for("it is built anew", lambda: rebuilt(world, number), 90)
    return f"partition {number}: {hour} buried, exit code {KILLED}; {told}"


@fault("rows of a zombie land late")
def write_old_rows(world: World) -> str:
    """What was written a while ago is written again after what is newer; then its owner dies."""
    name, victim, owned = world.take_someone()
    number = world.rng.choice(sorted(owned))
    rows = {name: held for name, held in read_rows(world, number).items() if len(held) > 2}
    old = [(name, held[len(held) // 2]) for name, held in rows.items() if held[-1] is not None]
    old = [(name, value) for name, value in old if value is not None]
    assert victim.kill() == KILLED
    newest = world.tail.safe[number]
    # Manifests last, as whoever was left behind would have written them.
    write_rows(world, number, sorted(old, key=lambda row: row[0] == MANIFEST))
    since = datetime.now()  # noqa: DTZ005 - logs are in local time
    world.crew.start(name)
    stale = dict(old).get(MANIFEST)
    if stale is None:
        raise Skipped("no manifest was written twice yet")
    at = unseal(Manifest, stale, MANIFEST).offset
    begun = world.crew.wait_for("it has an owner", lambda: _begun(world, number, since))
    if begun < newest:
        world.wrong.append(f"partition {number} goes on from {begun}, though {newest} was safe")
    return f"partition {number}: {len(old)} old rows, a manifest at {at} after {newest}"


def _begun(world: World, number: int, since: datetime) -> int:
    """The offset from which somebody went on with a partition since then; 0 before anybody has."""
    for service in world.crew.services.values():
        for line in service.log().splitlines():
            found = OWNING.search(line)
            if found is None or datetime.fromisoformat(line[:19]) < since.replace(microsecond=0):
                continue
            offsets = dict(pair.split(" from ") for pair in found[1].split(", ") if pair != "none")
            if str(number) in offsets:
                return int(offsets[str(number)])
    return 0
