"""Workers that die inside a checkpoint, each at a point that has a name."""

from __future__ import annotations

import time

from tests.chaos.crew import RESTARTED
from tests.chaos.faults.registry import Skipped, fault
from tests.chaos.faults.workers import KILLED
from tests.chaos.launcher import AFTER_ARCHIVE, DONE, POINTS
from tests.chaos.world import World
from tests.integration.pipeline import Service

LONGEST_SECONDS = 30.0
DRAWN = tuple(point for point in POINTS if point != AFTER_ARCHIVE)
"""An archive is written when panes become final: in traffic of now, once an hour."""


@fault("killed inside a checkpoint", times=5)
def kill_inside_a_checkpoint(world: World) -> str:
    """Let a worker die there by itself; another of its name begins at once."""
    point = world.rng.choice(DRAWN)
    name, victim, owned = world.take_someone()
    die_at(world, name, victim, point)
    world.crew.start(name)
    return f"{name}: {point}, exit code {KILLED}, {len(owned)} partitions"


def die_at(
    world: World, name: str, victim: Service, point: str, seconds: float = LONGEST_SECONDS
) -> None:
    """Return once a worker, taken out of the crew, has died there; raises Skipped."""
    trigger = world.line.trigger(name)
    done = trigger.with_suffix(DONE)
    trigger.write_text(point, encoding="utf-8")
    began = time.monotonic()
    while victim.running() and time.monotonic() < began + seconds:
        time.sleep(0.05)
    trigger.unlink(missing_ok=True)
    if victim.running():
        world.crew.services[name] = victim
        raise Skipped(f"{name} did not come to a point {point}")
    code = victim.wait(0)
    if code in RESTARTED and not done.exists():
        world.crew.start(name)
        raise Skipped(f"it ended by itself with {code} before")
    assert (code, done.exists()) == (KILLED, True), f"{name} ended with {code}"
    done.unlink()
