"""The processes of one partition: an owner, those that it replaced, and writes under way."""

import random
from collections import deque

from streams.checkpoint import Row
from streams.partition import Partition
from streams.recovery import Recovered, recover
from tests.simulation.changelog import Changelog
from tests.simulation.process import Process, World
from tests.simulation.small_world import GENERATION
from tests.simulation.truth import Wrong

MOST_ZOMBIES = 3
MOST_IN_FLIGHT = 3


class Cluster:
    """What can be done to the processes; `trace` tells what was, `world.met` counts it."""

    def __init__(self, world: World, rng: random.Random, *, can_lose: bool) -> None:
        self.world, self.rng, self.can_lose = world, rng, can_lose
        self.trace: list[str] = []
        self.zombies: list[Process] = []
        """Replaced processes that do not know it."""
        self.in_flight: list[deque[Row]] = []
        """What dead processes have sent and has not landed yet."""
        self._begun = 0
        self.owner = self._begin()

    def tell(self, text: str, fault: str = "") -> None:
        """Note what happened, and the fault that it was."""
        self.trace.append(text)
        if fault:
            self.world.met[fault] += 1

    def replace_owner(self) -> None:
        """Let another process recover and own the partition."""
        self.owner = self._begin()

    def _begin(self) -> Process:
        process = Process(self.world, self._begun)
        self._begun += 1
        self.tell(f"{process} recovers; {process.repaired} to repair, lost: {process.lost}")
        self._check_loss(process.lost)
        self._check_whole(process)
        return process

    def _check_whole(self, process: Process) -> None:
        """What is whole may be shown to anybody at any moment. Raises Wrong."""
        if process.partition.is_whole:
            self.world.truth.check(process.partition, str(process))

    def _check_loss(self, lost: list[str]) -> None:
        if lost and not self.can_lose:
            raise Wrong(f"lost without need: {lost}")

    def fold(self, process: Process) -> bool:
        """Let a process read; false when it cannot go on and ends. An owner is replaced."""
        if process.fold(self.rng.choice((1, 3, 8, 20)), self.rng):
            self.tell(f"{process} has folded")
            self._check_whole(process)
            return True
        self.tell(f"{process} misses what it needs and ends", "hole")
        if process is self.owner:
            self.replace_owner()
        return False

    def publish(self, process: Process) -> None:
        """Let a process publish, whole or not."""
        self.tell(f"{process} publishes: {process.publish()}")

    def write(self, process: Process) -> None:
        """Let a process write some rows of a checkpoint, or all of a stage, or all."""
        process.begin_checkpoint()
        left = len(process.stages[0]) if process.stages else 0
        count = self.rng.choice((1, 5, left, left + 1, 99, 99))
        self.tell(f"{process} writes {count - process.write(count)} rows")

    def take_over(self) -> None:
        """Replace the owner without its knowledge."""
        if len(self.zombies) < MOST_ZOMBIES:
            self.zombies.append(self.owner)
            self.tell(f"{self.owner} is replaced and does not know it", "take over")
            self.replace_owner()

    def zombie(self) -> None:
        """Let a replaced process go on for a step."""
        if not self.zombies:
            return
        process = self.rng.choice(self.zombies)
        self.world.met["zombie"] += 1
        match self.rng.choice(("fold", "fold", "write", "write", "publish", "die")):
            case "fold":
                if not self.fold(process):
                    self.zombies.remove(process)
            case "write":
                self.write(process)
            case "publish":
                self.publish(process)
            case _:
                self.die(process)
                self.zombies.remove(process)

    def die(self, process: Process, *, leaves_rows: bool = True) -> None:
        """End a process; of what it has sent some lands, some lands later, some never does."""
        rows = process.unacknowledged()
        now = self.rng.randint(0, len(rows))
        for _ in range(now):
            self.world.write(rows.popleft())
        if rows and leaves_rows and len(self.in_flight) < MOST_IN_FLIGHT:
            later = self.rng.randint(1, len(rows))
            self.in_flight.append(deque(list(rows)[:later]))
        self.tell(f"{process} dies; {now} more rows land", "crash")

    def land(self) -> None:
        """Let rows that were under way when their process died reach the log."""
        if not self.in_flight:
            return
        rows = self.rng.choice(self.in_flight)
        count = min(len(rows), self.rng.randint(1, 3))
        for _ in range(count):
            self.world.write(rows.popleft())
        if not rows:
            self.in_flight.remove(rows)
        self.tell(f"{count} rows of a dead process land", "land")

    def catch_up(self) -> None:
        """Let the owner read to the end, write a whole checkpoint and publish. Raises Wrong."""
        while self.owner.partition.offset < self.world.source.end:
            self.fold(self.owner)
        for _ in range(2):  # what is under way, then the rest
            self.owner.begin_checkpoint()
            self.owner.write(1 << 30)
        self.tell(f"{self.owner} has caught up")
        if not self.owner.publish():
            raise Wrong(f"{self.owner} cannot publish over {self.world.published[0]}")
        self.world.truth.check(self.owner.partition, "the owner")

    def check_recovery(self, log: Changelog) -> Recovered[Partition]:
        """Recover from a changelog and go on to the end, which must give the same. Raises Wrong."""
        source = self.world.source
        found = recover(self.world.folding, log.read(), source.beginning, GENERATION)
        held = [row for row in source.rows if source.beginning <= row.offset < source.end]
        found.partition.fold(held, source.end)
        self._check_loss(found.lost)
        self.world.truth.check(found.partition, "recovered")
        return found
