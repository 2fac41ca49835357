"""The owner of a source partition, or who believes to be: it tells the shards what it folds."""

import random
from collections import deque

from streams.checkpoint import MANIFEST
from streams.persons.facts import Message, Section, shard_of
from streams.persons.outbox import Told
from tests.simulation.persons.world import PARTITIONS, SHARDS, Crossing
from tests.simulation.process import Process
from tests.simulation.small_world import GENERATION


class Sender(Process):
    """It recovers when it is made; its messages reach the facts in their order, or never."""

    def __init__(self, crossing: Crossing, number: int, name: int) -> None:
        super().__init__(crossing.sources[number], name)
        self.crossing, self.number = crossing, number
        self.in_flight: deque[tuple[int, bytes]] = deque()
        """Shard and message."""
        self.has_failed = False
        """Whether a message of its was refused: it ends before it writes anything more."""

        self.safe = self.partition.manifest_offset
        """Offset of the last manifest that was acknowledged."""

    def begin_checkpoint(self) -> None:
        """Tell what is folded, and take a snapshot of just that."""
        if not self.stages:
            self.tell()
            self._offset = self.partition.offset
            super().begin_checkpoint()

    def _write_row(self) -> None:
        is_manifest = self.stages[0][0][0] == MANIFEST and self.stages[0][0][1] is not None
        super()._write_row()
        if is_manifest:
            self.safe = max(self.safe, self._offset)

    def tell(self) -> None:
        """Send what was not told yet."""
        told = self.partition.take_told()
        if told is not None:
            self.in_flight.extend((shard, self._message(told, shard)) for shard in range(SHARDS))

    def _message(self, told: Told, shard: int) -> bytes:
        chosen = shard_of(told.persons, SHARDS) == shard
        is_at_end = told.end >= self.world.source.end
        section = Section(
            self.number,
            told.begin,
            told.end,
            told.watermark,
            self.safe,
            told.persons[chosen].astype("<i8").tobytes(),
            told.minutes[chosen].astype("<i4").tobytes(),
            caught_up_at=10_000 if is_at_end else 0,
            told_at=10_000,
        )
        return Message(GENERATION, 0, PARTITIONS, [section]).encode()

    def deliver(self, count: int) -> None:
        """Let messages land."""
        for _ in range(min(count, len(self.in_flight))):
            shard, raw = self.in_flight.popleft()
            self.crossing.facts[shard].append(raw)

    def fail(self, rng: random.Random) -> None:
        """A message is refused, and some that follow it land before it notices."""
        if self.in_flight:
            self.in_flight.popleft()
            self.deliver(rng.randint(0, 4))
            self.has_failed = True

    def _send_letters(self) -> None:
        """What a manifest passes is acknowledged before."""
        super()._send_letters()
        self.deliver(len(self.in_flight))
