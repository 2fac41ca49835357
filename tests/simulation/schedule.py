"""One schedule: what happens to the processes, the changelog and the source, drawn from a seed."""

import random
from collections import deque
from collections.abc import Callable

import pytest

from streams import duplicates
from streams.checkpoint import ARCHIVE, IDS, MANIFEST, Row
from streams.folding import Folding
from streams.losses import Losses
from streams.recovery import Recovered, recover
from tests.simulation.changelog import Changelog
from tests.simulation.process import Process, World
from tests.simulation.small_world import GENERATION
from tests.simulation.source import Source
from tests.simulation.truth import Truth, Wrong

MOST_STEPS = 120
MOST_ZOMBIES = 3
MOST_PENDING = 3
"""Dead processes of which some writes have not landed yet."""
RIVALS = ("take over", "zombie", "land")
"""Faults by which several write at a time."""
EXCLUDED: dict[str, tuple[str, ...]] = {
    "is kept": ("trim",),
    "is cut below the manifest": (*RIVALS, "damage"),
    "is cut behind rivals": ("damage",),
    # Rivals are there for minutes, and records for days: the two never meet.
    "loses": RIVALS,
}
"""What may become of the source, and the faults that do not go with it."""
RETENTIONS = ("is kept", "is kept", *EXCLUDED)


class Schedule:
    """A seeded run; `met` counts what happened to it, `trace` tells it."""

    def __init__(self, folding: Folding, seed: int) -> None:
        self.rng = rng = random.Random(seed)
        self.retention = rng.choice(RETENTIONS)
        source = Source(rng, is_tame=self.retention == "loses")
        self.world = World(folding, source, Truth(folding, source))
        self.weights = {fault: rng.choice((0, 1, 3)) for fault in FAULTS}
        self.weights |= dict.fromkeys(EXCLUDED[self.retention], 0)
        self.can_lose = self.retention in ("is cut behind rivals", "loses")
        self.trace: list[str] = []
        self.met = self.world.met
        self.met[self.retention] += 1
        self.processes = 0
        self.zombies: list[Process] = []
        self.in_flight: list[deque[Row]] = []
        self.owner = self._begin()

    def run(self) -> None:
        """Run to the end; raises Wrong where a promise is broken."""
        with pytest.MonkeyPatch.context() as patch:
            if self.retention == "loses":  # what is lost moves the horizon; so let there be none
                patch.setattr(duplicates, "MAX_IDS", 1000)
                patch.setattr(duplicates, "HORIZON_MINUTES", 1_000_000)
            self._run()

    def _run(self) -> None:
        names = list(STEPS) + [fault for fault, weight in self.weights.items() if weight]
        weights = [*STEPS.values(), *(self.weights[name] for name in names[len(STEPS) :])]
        for _ in range(self.rng.randint(MOST_STEPS // 3, MOST_STEPS)):
            if self.owner.partition.offset >= self.world.source.end and self.rng.random() < 0.2:
                break
            self._do(self.rng.choices(names, weights)[0])
        self._settle()
        self._finish()

    def _do(self, name: str) -> None:
        if name in FAULTS:
            FAULTS[name](self)
        elif name == "fold":
            self._fold(self.owner)
        else:
            self._write_or_publish(name, self.owner)

    def _tell(self, text: str) -> None:
        self.trace.append(text)

    def _fault(self, name: str, text: str) -> None:
        self.met[name] += 1
        self.trace.append(text)

    def _begin(self) -> Process:
        process = Process(self.world, self.processes)
        self.processes += 1
        self._tell(f"{process} recovers; {process.repaired} to repair, lost: {process.lost}")
        self._check_loss(process.lost)
        return process

    def _check_loss(self, lost: list[str]) -> None:
        if lost and not self.can_lose:
            raise Wrong(f"lost without need: {lost}")

    # What a process does

    def _fold(self, process: Process) -> bool:
        """Let a process read; one that cannot go on ends, and the owner is replaced."""
        if process.fold(self.rng.choice((1, 3, 8, 20)), self.rng):
            self._tell(f"{process} has folded")
            return True
        self._fault("hole", f"{process} misses what it needs and ends")
        if process is self.owner:
            self.owner = self._begin()
        return False

    def _write_or_publish(self, name: str, process: Process) -> None:
        if name == "publish":
            done = process.publish()
            self._tell(f"{process} publishes: {done}")
            if process.partition.is_whole and self.rng.random() < 0.25:
                self.world.truth.check(process.partition, "published")
            return
        process.begin_checkpoint()
        left = len(process.stages[0]) if process.stages else 0
        count = self.rng.choice((1, 5, left, left + 1, 99, 99))
        self._tell(f"{process} writes {count - process.write(count)} rows")

    # Faults

    def _crash(self) -> None:
        self._die(self.owner)
        self.owner = self._begin()

    def _die(self, process: Process) -> None:
        """End a process; of what it has sent some lands, some lands later, some never does."""
        rows = process.unacknowledged()
        now = self.rng.randint(0, len(rows))
        for _ in range(now):
            self.world.write(rows.popleft())
        if rows and len(self.in_flight) < MOST_PENDING and self.weights["land"]:
            later = self.rng.randint(0, len(rows))
            self.in_flight.append(deque(list(rows)[:later]))
        self._fault("crash", f"{process} dies; {now} more rows land")

    def _take_over(self) -> None:
        if len(self.zombies) < MOST_ZOMBIES:
            self.zombies.append(self.owner)
            self._fault("take over", f"{self.owner} is replaced and does not know it")
            self.owner = self._begin()

    def _zombie(self) -> None:
        if not self.zombies:
            return
        process = self.rng.choice(self.zombies)
        deed = self.rng.choice(("fold", "fold", "write", "write", "publish", "die"))
        self.met["zombie"] += 1
        if deed == "die":
            self._die(process)
            self.zombies.remove(process)
        elif deed != "fold":
            self._write_or_publish(deed, process)
        elif not self._fold(process):
            self.zombies.remove(process)

    def _land(self) -> None:
        """A write that was under way when its process died reaches the log."""
        if not self.in_flight:
            return
        rows = self.rng.choice(self.in_flight)
        count = self.rng.randint(1, 3)
        while rows and count:
            self.world.write(rows.popleft())
            count -= 1
        if not rows:
            self.in_flight.remove(rows)
        self._fault("land", "writes of a dead process land")

    def _compact(self) -> None:
        log = self.world.changelog
        end = self.rng.choice((len(log.rows), self.rng.randint(0, len(log.rows))))
        log.compact(end, keeps_tombstones=self.rng.random() < 0.5)
        self._fault("compact", f"the first {end} rows of the changelog are compacted")

    def _damage(self) -> None:
        has_loss = self.owner.partition.losses != Losses()
        # A loss stands in the manifest alone: damage to that, and nobody knows of it any more.
        name = self.world.changelog.damage(self.rng, spared=MANIFEST if has_loss else "")
        if name is not None:
            self._fault("damage", f"a row of {name} is damaged")

    def _trim(self) -> None:
        source, world = self.world.source, self.world
        if not world.changelog.rows:
            return  # what is gone before anything was begun is not lost
        most = min(self.owner.partition.offset, source.end)
        beginning = self.rng.randint(0, most)
        if self.retention == "loses":
            needed = world.changelog.newest_manifest() or 0
            beginning = self.rng.randint(min(needed, most), most + 10)
        if source.end > beginning > source.beginning and self._may_cut(beginning):
            source.beginning = beginning
            self._fault("trim", f"the source now begins at {beginning}")

    def _may_cut(self, beginning: int) -> bool:
        """Whether the source is cut there."""
        log = self.world.changelog
        if self.retention == "is cut below the manifest":
            return beginning <= (log.newest_manifest() or 0)
        if self.retention == "is cut behind rivals":
            return self._is_needless(beginning)
        self.world.lost_until = max(self.world.lost_until, beginning)
        return True

    def _is_needless(self, beginning: int) -> bool:
        """Whether nobody needs what lies before an offset of the source now."""
        if any(process.floor < beginning for process in (self.owner, *self.zombies)):
            return False
        log, folding = self.world.changelog, self.world.folding
        logs = (log.read(), log.compacted().read())
        return not any(recover(folding, rows, beginning, GENERATION).lost for rows in logs)

    # The end

    def _settle(self) -> None:
        """Every process but the owner ends, what is under way lands, the owner catches up."""
        for process in self.zombies:
            self._die(process)
        while self.in_flight:
            self._land()
        self._catch_up(self.world.source.end)
        self._check_recovery(self.world.changelog)
        self._check_recovery(self.world.changelog.compacted())

    def _finish(self) -> None:
        """A last owner reads what is left, and leaves nothing behind that is not needed."""
        self.owner = self._begin()
        self.world.source.end = self.world.source.full_end
        self._catch_up(self.world.source.end)
        log = self.world.changelog.compacted()
        found = self._check_recovery(log)
        if found.repaired or found.lost:
            raise Wrong(f"{found.repaired} units still to repair, lost again: {found.lost}")
        needed = set(self.owner.partition.everything()) | {MANIFEST, ARCHIVE}
        segments = self.owner.partition.judge.duplicates.segments
        needed |= {f"{IDS}{segment.first_offset}" for segment in segments}
        left = {name for name, _ in log.rows} - needed
        if left:
            raise Wrong(f"rows that nothing needs are left: {sorted(left)}")

    def _catch_up(self, end: int) -> None:
        """The owner reads to the end, writes a whole checkpoint and publishes."""
        while self.owner.partition.offset < end:
            self._fold(self.owner)
        for _ in range(2):  # what is under way, then the rest
            self.owner.begin_checkpoint()
            self.owner.write(1 << 30)
        self.owner.publish()
        self._tell(f"{self.owner} has caught up")
        self.world.truth.check(self.owner.partition, "the owner")

    def _check_recovery(self, log: Changelog) -> Recovered:
        """Recovering from a changelog and going on gives the same. Raises Wrong."""
        world = self.world
        beginning = world.source.beginning
        found = recover(world.folding, log.read(), beginning, GENERATION)
        rows = [row for row in world.source.rows if beginning <= row.offset < world.source.end]
        found.partition.fold(rows, world.source.end)
        self._check_loss(found.lost)
        world.truth.check(found.partition, "recovered")
        return found


STEPS = {"fold": 8, "write": 6, "publish": 2}
FAULTS: dict[str, Callable[[Schedule], None]] = {
    "crash": Schedule._crash,
    "take over": Schedule._take_over,
    "zombie": Schedule._zombie,
    "land": Schedule._land,
    "compact": Schedule._compact,
    "damage": Schedule._damage,
    "trim": Schedule._trim,
}
