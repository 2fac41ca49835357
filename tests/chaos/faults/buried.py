"""An hour whose row is buried, so that the next owner of its partition has to build it anew."""

from __future__ import annotations

from typing import NamedTuple

from tests.chaos.faults.changelog import Rows, read_rows
from tests.chaos.faults.registry import Skipped
from tests.chaos.world import World
from tests.integration.pipeline import Service

NOBODY = -1


class Chosen(NamedTuple):
    """A worker that was taken, and a partition of its with hours to bury."""

    name: str
    victim: Service
    number: int
    rows: Rows
    hours: list[str]


def take_hours(world: World) -> Chosen:
    """Take a worker, and a partition of its; raises Skipped where nothing can be built anew."""
    name, victim, owned = world.take_someone()
    # What is to be built anew must still be in the source.
    number = world.rng.choice(sorted(owned.keys() - world.forgotten.keys()) or [NOBODY])
    rows = read_rows(world, number) if number != NOBODY else {}
    hours = sorted(name for name, held in rows.items() if name.startswith("hour/") and held[-1])
    if not hours:
        world.crew.services[name] = victim
        raise Skipped("no hour is stored, or the source forgot what it is made of")
    return Chosen(name, victim, number, rows, hours)


def rebuilt(world: World, number: int) -> str:
    """What an owner says of units that it builds anew."""
    said = f"partition {number}: "
    for service in reversed(world.line.services[-8:]):
        for line in reversed(service.log().splitlines()):
            if said in line and "built anew" in line:
                return line.partition(said)[2]
    return ""
