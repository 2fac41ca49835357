"""The owner of a shard of persons, or who believes to be."""

from collections import deque

from streams.checkpoint import Row
from streams.persons.recovery import recover
from tests.simulation.persons.world import Crossing
from tests.simulation.small_world import GENERATION


class Keeper:
    """It recovers when it is made; every step of it can be the last."""

    def __init__(self, crossing: Crossing, number: int, name: int) -> None:
        self.crossing, self.number, self.name = crossing, number, name
        facts, rows = crossing.facts[number], crossing.changelogs[number].read()
        calendar = crossing.folding.calendar
        found = recover(calendar, rows, facts.beginning, GENERATION)
        self.shard, self.lost = found.partition, found.lost
        self.stages: deque[deque[Row]] = deque()
        self.check()

    def __str__(self) -> str:
        return f"keeper {self.name} of shard {self.number} at {self.shard.offset}"

    def check(self) -> None:
        """Compare with a recount. Raises Wrong."""
        self.crossing.check(self.shard, self.number, str(self))

    def fold(self, count: int) -> None:
        """Read some facts."""
        facts, shard = self.crossing.facts[self.number], self.shard
        if shard.offset < facts.beginning:
            shard.lose(facts.beginning)
        shard.fold(facts.rows[shard.offset : shard.offset + count])
        self.check()

    def write(self, count: int) -> None:
        """Write some rows of a snapshot, each acknowledged."""
        if not self.stages and (snapshot := self.shard.snapshot()) is not None:
            self.stages = deque(deque(stage) for stage in snapshot.stages() if stage)
        while count and self.stages:
            self.crossing.changelogs[self.number].rows.append(self.stages[0].popleft())
            if not self.stages[0]:
                self.stages.popleft()
            count -= 1

    def unacknowledged(self) -> list[Row]:
        """Rows that have been sent when it ends; they may or may not reach the changelog."""
        return list(self.stages[0]) if self.stages else []
