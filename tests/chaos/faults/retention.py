"""The source forgets: every record that a manifest covers, just when a worker has died."""

from __future__ import annotations

from tests.chaos.faults.brokers import wait_until_whole
from tests.chaos.faults.checkpoints import die_at
from tests.chaos.faults.registry import fault
from tests.chaos.faults.workers import KILLED
from tests.chaos.launcher import AFTER_MANIFEST, AFTER_TOMBSTONES
from tests.chaos.world import World
from tests.integration.pipeline import wait_for


@fault("source forgets what is safe")
def forget_what_is_safe(world: World) -> str:
    """A worker dies inside a checkpoint; what is before its manifests is deleted, and it begins."""
    wait_until_whole(world)
    name, victim, owned = world.take_someone()
    point = world.rng.choice((AFTER_MANIFEST, AFTER_TOMBSTONES))
    die_at(world, name, victim, point)
    world.tail.catch_up()
    safe = {number: world.tail.safe[number] for number in owned if world.tail.safe[number] > 0}
    world.recorder.catch_up(safe)
    world.cluster.delete_records(world.line.topic, safe)
    world.forgotten |= safe
    wait_for("it is gone", lambda: world.cluster.beginnings(world.line.topic, safe) == safe, 30)
    world.crew.start(name)
    return f"{name}: {point}, exit code {KILLED}; the source begins at {safe}"
