"""What happens to workers: killed, stopped for a while, stopped for good, more, fewer."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from tests.chaos.faults.registry import Skipped, fault
from tests.chaos.world import FEWEST_WORKERS, MOST_WORKERS, SESSION_SECONDS, World
from tests.integration.pipeline import Service

KILLED = -9


@fault("worker killed", times=3)
def kill_a_worker(world: World) -> str:
    """Kill -9 at any moment; another of its name begins a while later."""
    time.sleep(world.rng.uniform(0, 1.5))
    name, victim, owned = world.take_someone()
    assert victim.kill() == KILLED
    world.tail.catch_up()
    ends = world.traffic.ends()
    left = world.tail.unsafe([n for n in owned if n in ends], ends)
    time.sleep(world.rng.choice((0.0, 0.0, 2.0)))
    world.crew.start(name)
    return f"{name}: exit code {KILLED}, {len(owned)} partitions, {left} records not safe yet"


@fault("worker killed while it recovers")
def kill_a_worker_that_recovers(world: World) -> str:
    """Kill -9, and again as soon as the next one is given partitions."""
    name, victim, _ = world.take_someone()
    assert victim.kill() == KILLED
    second = world.crew.start(name)
    world.crew.wait_for("it joins", lambda: second.get("readyz")[0], 60)
    time.sleep(world.rng.uniform(0, 4))
    owned = second.read_offsets()
    del world.crew.services[name]
    assert second.kill() == KILLED
    world.crew.start(name)
    return f"{name}: exit code {KILLED} twice, the second time with {len(owned)} partitions"


@fault("worker stands still beyond its session", times=2)
def freeze_a_worker(world: World) -> str:
    """Stand still until others have its partitions, then go on as a zombie."""
    name, zombie, owned = world.take_someone()
    zombie.freeze()
    began = time.monotonic()
    try:
        if not world.crew.services:
            raise Skipped("nobody else is there")
        world.crew.wait_for("others fold its partitions", lambda: world.beyond(owned))
        time.sleep(max(0.0, began + SESSION_SECONDS - time.monotonic()))
        assert zombie.is_frozen()
    finally:
        zombie.thaw()
        world.crew.services[name] = zombie
    seconds = time.monotonic() - began
    return f"{name}: state T for {seconds:.0f} s, others folded its {len(owned)} partitions"


@fault("worker stops and comes back")
def restart_a_worker(world: World) -> str:
    """SIGTERM, as a deployment does."""
    name, leaver, owned = world.take_someone()
    code = leaver.stop()
    assert code == 0, f"worker {name} ended with {code}:\n{leaver.log()[-3000:]}"
    world.crew.start(name)
    return f"{name}: exit code 0 with {len(owned)} partitions"


@fault("one more worker")
def scale_up(world: World) -> str:
    """Start another one, which gets partitions of those that are there."""
    spare = [name for name in "abcde" if name not in world.crew.services]
    if len(world.crew.services) >= MOST_WORKERS or not spare:
        raise Skipped(f"there are {MOST_WORKERS}")
    name = spare[0]
    world.crew.start(name)
    owned = world.crew.wait_for("it owns something", lambda: world.crew.shares()[name])
    return f"{name} owns {len(owned)} partitions"


@fault("one worker fewer")
def scale_down(world: World) -> str:
    """Stop one for good."""
    if len(world.crew.services) <= FEWEST_WORKERS:
        raise Skipped(f"there are {FEWEST_WORKERS}")
    name, leaver, owned = world.take_someone()
    code = leaver.stop()
    assert code == 0, f"worker {name} ended with {code}:\n{leaver.log()[-3000:]}"
    world.crew.wait_for("others fold its partitions", lambda: world.beyond(owned))
    return f"{name}: exit code 0, {len(world.crew.services)} others folded on"


@fault("clock hours wrong", moves_back=True)
def set_a_clock_wrong(world: World) -> str:
    """One worker lives hours before or after the others for a while."""
    hours = world.rng.choice((-11, -3, 2, 9, 26))
    name, leaver, _ = world.take_someone()
    leaver.stop()
    ill = world.crew.start(name, clock_hours=str(hours))
    world.crew.wait_for("it owns something", lambda: world.crew.shares()[name])
    time.sleep(world.rng.uniform(2, 6))
    off = _clock_of(ill) - datetime.now()  # noqa: DTZ005 - logs are in local time
    owned = ill.read_offsets()
    if world.crew.services[name] is ill:
        del world.crew.services[name]
        ill.kill()
        world.crew.start(name)
    assert abs(off - timedelta(hours=hours)) < timedelta(minutes=10), f"its clock is off by {off}"
    return f"{name}: {hours:+} h by its log, with {len(owned)} partitions"


def _clock_of(service: Service) -> datetime:
    """The time that a worker's first line tells."""
    return datetime.fromisoformat(service.log()[:19])
