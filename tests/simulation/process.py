"""A worker that owns one partition, or believes that it does; every step of it can be the last."""

import random
from collections import Counter, deque
from dataclasses import dataclass, field

from streams.checkpoint import MANIFEST, Manifest, Row
from streams.folding import Folding
from streams.recovery import recover
from streams.unit import StoredUnit, Unit, unseal
from tests.simulation.changelog import Changelog
from tests.simulation.listing import Listing
from tests.simulation.small_world import GENERATION
from tests.simulation.source import Source
from tests.simulation.truth import Truth, Wrong


@dataclass
class World:
    """Everything outside of the processes."""

    folding: Folding
    source: Source
    truth: Truth
    changelog: Changelog = field(default_factory=Changelog)
    letters: set[int] = field(default_factory=set)
    """Offsets of the dead letters that are acknowledged."""
    lost_until: int = 0
    """Up to where the source was cut although it was needed."""
    published: tuple[int, dict[str, bytes]] = (0, {})
    """Offset and state in Redis."""
    met: Counter[str] = field(default_factory=Counter)
    """What happened, by name."""

    def write(self, row: Row) -> None:
        """Let a row reach the changelog; raises Wrong when a manifest passes an unsent letter."""
        self.changelog.rows.append(row)
        name, raw = row
        self.met[f"{name.partition('/')[0]} {'buried' if raw is None else 'written'}"] += 1
        if name == MANIFEST and raw is not None:
            self._check_letters(unseal(Manifest, raw, MANIFEST).offset)

    def _check_letters(self, offset: int) -> None:
        broken = {letter for letter in self.truth.broken if self.lost_until <= letter < offset}
        if not broken <= self.letters:
            raise Wrong(f"a manifest at {offset} passes {sorted(broken - self.letters)} unsent")


class Process:
    """It recovers when it is made."""

    def __init__(self, world: World, name: int) -> None:
        self.world, self.name = world, name
        rows = world.changelog.read()
        self._listing = Listing(rows)
        found = recover(world.folding, rows, world.source.beginning, GENERATION)
        self.partition, self.repaired, self.lost = found[:3]
        self._listing.check_held(self.partition)
        world.met["repaired"] += bool(found.repaired)
        world.met["lost"] += bool(found.lost)
        place = self.partition.judge.place
        self.floor = min(self.partition.offset, place.horizon)
        """Offset below which it reads nothing, nor does whoever recovers from what it writes."""
        self.stages: deque[deque[Row]] = deque()
        """What is left of the checkpoint that is being written."""
        self._letters: set[int] = set()
        self._mirror: dict[str, bytes] | None = None

    def __str__(self) -> str:
        whole = "" if self.partition.is_whole else " (not whole)"
        return f"process {self.name} at {self.partition.offset}{whole}"

    def fold(self, count: int, rng: random.Random) -> bool:
        """Read a chunk; false when the source lost what it needs, so that it has to recover."""
        source, partition = self.world.source, self.partition
        if partition.offset < source.beginning:
            try:
                partition.lose(source.beginning)
                self.world.met["lost"] += 1
            except ValueError:
                return False
        records, end = source.read(partition.offset, count, rng)
        self._letters |= {letter.offset for letter in partition.fold(records, end)}
        return True

    def begin_checkpoint(self) -> None:
        """Take a snapshot, unless one is being written."""
        if self.stages:
            return
        snapshot = self.partition.snapshot()
        if snapshot is not None:
            self._listing.check_written(snapshot)
            self.stages = deque(deque(stage) for stage in snapshot.stages() if stage)

    def write(self, count: int) -> int:
        """Write rows of the checkpoint, each acknowledged; return how many of `count` are left."""
        while count and self.stages:
            self._write_row()
            count -= 1
        return count

    def _write_row(self) -> None:
        stage = self.stages[0]
        if stage[0][0] == MANIFEST:
            self._send_letters()
        self.world.write(stage.popleft())
        if not stage:
            self.stages.popleft()

    def _send_letters(self) -> None:
        """Have every letter acknowledged before a manifest passes it. Raises Wrong."""
        self.world.letters |= self._letters
        self._letters = set()

    def unacknowledged(self) -> deque[Row]:
        """Rows that have been sent when it ends; they may or may not reach the changelog."""
        if self.stages and self.stages[0][0][0] == MANIFEST:
            self._send_letters()
        return self.stages[0] if self.stages else deque()

    def publish(self) -> bool:
        """Publish absolute values, if it is whole; false when Redis holds later ones."""
        if not self.partition.is_whole:
            return False
        everything = self.partition.everything()
        self._check_changes(everything)
        if self.partition.offset < self.world.published[0]:
            self.world.met["refused by Redis"] += 1
            return False
        self.world.published = (self.partition.offset, everything)
        return True

    def _check_changes(self, everything: dict[str, bytes]) -> None:
        changes = self.partition.take_changes()
        if self._mirror is not None:
            kept = {pane: raw for pane, raw in self._mirror.items() if pane not in changes.removed}
            kept |= changes.changed
            given, held = self._in_canonical_form(_read(kept)), _states(_read(everything))
            if given != held:
                raise Wrong(f"{self}: changes give {given}, not {held}")
        self._mirror = everything

    def _in_canonical_form(self, units: dict[str, StoredUnit]) -> dict[str, object]:
        """What units hold; what is shared has another form, and all that is stored has this one."""
        aggregates = self.world.folding.aggregates
        read = {name: Unit.load(unit, aggregates) for name, unit in units.items()}
        return _states({name: unit.store(aggregates) for name, unit in read.items()})


def _read(units: dict[str, bytes]) -> dict[str, StoredUnit]:
    return {name: unseal(StoredUnit, raw, name) for name, raw in units.items()}


def _states(units: dict[str, StoredUnit]) -> dict[str, object]:
    return {name: unit.state for name, unit in units.items()}
