"""One schedule: what happens to a cluster, its changelog and its source, drawn from a seed."""

import random
from collections.abc import Callable

import pytest

from streams import duplicates
from streams.checkpoint import ARCHIVE, IDS, MANIFEST
from streams.folding import Folding
from streams.recovery import recover
from tests.simulation.cluster import Cluster
from tests.simulation.process import World
from tests.simulation.small_world import GENERATION
from tests.simulation.source import Source
from tests.simulation.truth import Truth, Wrong

MOST_STEPS = 120
RIVALS = ("take over", "zombie", "land")
"""Faults by which several write at a time."""
EXCLUDED: dict[str, tuple[str, ...]] = {
    "is kept": ("trim",),
    "is cut below the manifest": (*RIVALS, "damage"),
    "is cut behind rivals": ("damage",),
    "loses": (),
}
"""What may become of the source, and the faults that do not go with it."""
RETENTIONS = ("is kept", "is kept", *EXCLUDED)


class Schedule:
    """A seeded run of 40 to 120 steps."""

    def __init__(self, folding: Folding, seed: int) -> None:
        self.rng = rng = random.Random(seed)
        self.retention = rng.choice(RETENTIONS)
        self.loses = self.retention == "loses"
        source = Source(rng, is_tame=self.loses)
        self.world = World(folding, source, Truth(folding, source))
        self.world.met[self.retention] += 1
        self.weights = {fault: rng.choice((0, 1, 3, 6)) for fault in FAULTS}
        self.weights |= dict.fromkeys(EXCLUDED[self.retention], 0)
        can_lose = self.loses or self.retention == "is cut behind rivals"
        self.cluster = Cluster(self.world, rng, can_lose=can_lose)

    @property
    def trace(self) -> list[str]:
        """The steps so far."""
        return self.cluster.trace

    def run(self) -> None:
        """Run to the end; raises Wrong where a promise is broken."""
        with pytest.MonkeyPatch.context() as patch:
            if self.loses:  # what is lost moves the horizon; so let there be none
                patch.setattr(duplicates, "MAX_IDS", 1000)
                patch.setattr(duplicates, "HORIZON_MINUTES", 1_000_000)
            self._meet_faults()
            self._settle()
            self._finish()

    def _meet_faults(self) -> None:
        weights = STEPS | self.weights
        for _ in range(self.rng.randint(MOST_STEPS // 3, MOST_STEPS)):
            is_done = self.cluster.owner.partition.offset >= self.world.source.end
            if is_done and self.rng.random() < 1 / 5:
                break
            step = self.rng.choices(list(weights), list(weights.values()))[0]
            (FAULTS[step] if step in FAULTS else DEEDS[step])(self)

    def fold(self) -> None:
        """Let the owner read."""
        self.cluster.fold(self.cluster.owner)

    def write(self) -> None:
        """Let the owner write."""
        self.cluster.write(self.cluster.owner)

    def publish(self) -> None:
        """Let the owner publish."""
        self.cluster.publish(self.cluster.owner)

    def crash(self) -> None:
        """End the owner; another one recovers."""
        self.cluster.die(self.cluster.owner, leaves_rows=bool(self.weights["land"]))
        self.cluster.replace_owner()

    def compact(self) -> None:
        """Compact the changelog, or its beginning."""
        log = self.world.changelog
        end = self.rng.choice((len(log.rows), self.rng.randint(0, len(log.rows))))
        log.compact(end, keeps_tombstones=self.rng.random() < 1 / 2)
        self.cluster.tell(f"the first {end} rows of the changelog are compacted", "compact")

    def damage(self) -> None:
        """Damage a row of the changelog."""
        name = self.world.changelog.damage(self.rng)
        if name is not None:
            self.cluster.tell(f"a row of {name} is damaged", "damage")

    def trim(self) -> None:
        """Let the source begin later."""
        source, log = self.world.source, self.world.changelog
        if not log.rows:
            return  # what is gone before anything was begun is not lost
        read = min(self.cluster.owner.partition.offset, source.end)
        needed = min(read, log.newest_manifest() or 0)
        first, last = (needed, read + 10) if self.loses else (0, read)
        beginning = self.rng.randint(first, last)
        if source.beginning < beginning < source.end and self._may_cut(beginning):
            source.beginning = beginning
            self.cluster.tell(f"the source now begins at {beginning}", "trim")

    def _may_cut(self, beginning: int) -> bool:
        if self.loses:
            self.world.lost_until = max(self.world.lost_until, beginning)
            return True
        if self.retention == "is cut below the manifest":
            return beginning <= (self.world.changelog.newest_manifest() or 0)
        return self._is_needless(beginning)

    def _is_needless(self, beginning: int) -> bool:
        """Whether nobody needs what lies before an offset of the source now."""
        processes = (self.cluster.owner, *self.cluster.zombies)
        if any(process.floor < beginning for process in processes):
            return False
        log, folding = self.world.changelog, self.world.folding
        logs = (log.read(), log.compacted().read())
        return not any(recover(folding, rows, beginning, GENERATION).lost for rows in logs)

    def _settle(self) -> None:
        """Every process but the owner ends, what is under way lands, the owner catches up."""
        for process in self.cluster.zombies:
            self.cluster.die(process)
        while self.cluster.in_flight:
            self.cluster.land()
        self.cluster.catch_up()
        self.cluster.check_recovery(self.world.changelog)
        self.cluster.check_recovery(self.world.changelog.compacted())

    def _finish(self) -> None:
        """A last owner reads what is left, and leaves nothing behind that is not needed."""
        self.cluster.replace_owner()
        self.world.source.end = self.world.source.full_end
        self.cluster.catch_up()
        log = self.world.changelog.compacted()
        found = self.cluster.check_recovery(log)
        if found.repaired or found.lost:
            raise Wrong(f"{found.repaired} units still to repair, lost again: {found.lost}")
        partition = self.cluster.owner.partition
        needed = set(partition.everything()) | {MANIFEST}
        needed |= {f"{IDS}{ids.first_offset}" for ids in partition.judge.duplicates.segments}
        left = {name for name, _ in log.rows} - needed
        archives = {name for name in left if name.startswith(ARCHIVE)}  # and the one before
        if len(archives) > 2 or left - archives:
            raise Wrong(f"rows that nothing needs are left: {sorted(left)}")


STEPS = {"fold": 8, "write": 6, "publish": 2}
DEEDS: dict[str, Callable[[Schedule], None]] = {
    "fold": Schedule.fold,
    "write": Schedule.write,
    "publish": Schedule.publish,
}
FAULTS: dict[str, Callable[[Schedule], None]] = {
    "crash": Schedule.crash,
    "take over": lambda schedule: schedule.cluster.take_over(),
    "zombie": lambda schedule: schedule.cluster.zombie(),
    "land": lambda schedule: schedule.cluster.land(),
    "compact": Schedule.compact,
    "damage": Schedule.damage,
    "trim": Schedule.trim,
}
