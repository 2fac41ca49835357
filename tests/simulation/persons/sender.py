"""The owner of a source partition, or who believes to be: it tells the shards what it folds."""

import random
from collections import deque

from streams.checkpoint import MANIFEST
from streams.persons.outbox import Told
from streams.persons.sections import Crossing, Teller
from tests.simulation.persons.world import PARTITIONS, SHARDS
from tests.simulation.persons.world import Crossing as World
from tests.simulation.process import Process
from tests.simulation.small_world import GENERATION


class Sender(Process):
    """It recovers when it is made; its messages reach the facts in their order, or never."""

    def __init__(self, crossing: World, number: int, name: int) -> None:
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
            self.in_flight.extend(enumerate(self._messages(told)))

    def _messages(self, told: Told) -> list[bytes]:
        is_at_end = told.end >= self.world.source.end
        teller = Teller(self.safe, 10_000 if is_at_end else 0, 10_000)
        crossing = Crossing(GENERATION, 0, PARTITIONS, SHARDS)
        return [message.encode() for message in crossing.messages([(self.number, told, teller)])]

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
