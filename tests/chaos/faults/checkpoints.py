"""Workers that die inside a checkpoint, each at a point that has a name."""

from __future__ import annotations

from tests.chaos.crew import RESTARTED
from tests.chaos.faults.registry import Skipped, fault
from tests.chaos.faults.workers import KILLED
from tests.chaos.launcher import DONE, POINTS
from tests.chaos.world import World


@fault("killed inside a checkpoint", times=5)
def kill_inside_a_checkpoint(world: World) -> str:
    """Let a worker die there by itself; another of its name begins at once."""
    point = world.rng.choice(POINTS)
    name, victim, owned = world.take_someone()
    trigger = world.line.trigger(name)
    done = trigger.with_suffix(DONE)
    trigger.write_text(point, encoding="utf-8")
    try:
        world.crew.wait_for("it dies there", lambda: not victim.running(), 90)
    except AssertionError:
        world.crew.services[name] = victim
        raise
    finally:
        trigger.unlink(missing_ok=True)
    code = victim.wait(0)
    if code in RESTARTED and not done.exists():
        world.crew.start(name)
        raise Skipped(f"it ended by itself with {code} before")
    assert (code, done.exists()) == (KILLED, True), f"{name} ended with {code}"
    done.unlink()
    world.crew.start(name)
    return f"{name}: {point}, exit code {KILLED}, {len(owned)} partitions"
