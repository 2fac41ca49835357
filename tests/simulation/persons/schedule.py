"""One schedule: what happens to senders and keepers, drawn from a seed."""

import random
from collections import Counter
from collections.abc import Callable

from streams.folding import Folding
from tests.simulation.persons.keeper import Keeper
from tests.simulation.persons.sender import Sender
from tests.simulation.persons.world import PARTITIONS, SHARDS, Crossing
from tests.simulation.truth import Wrong

MOST_STEPS = 160
MOST_ZOMBIES = 3


class Schedule:
    """A seeded run."""

    def __init__(self, folding: Folding, seed: int) -> None:
        self.rng = rng = random.Random(seed)
        self.crossing = Crossing.make(folding, rng)
        self.trace: list[str] = []
        self.met: Counter[str] = Counter()
        self._begun = 0
        self.weights = STEPS | {fault: rng.choice((0, 1, 3)) for fault in FAULTS}
        self.is_damaged = False
        self.senders = [self._sender(number) for number in range(PARTITIONS)]
        self.keepers = [self._keeper(number) for number in range(SHARDS)]
        self.old_senders: list[Sender] = []
        self.old_keepers: list[Keeper] = []
        """Replaced processes that do not know it."""

    def run(self) -> None:
        """Run to the end; raises Wrong where a promise is broken."""
        for _ in range(self.rng.randint(MOST_STEPS // 3, MOST_STEPS)):
            step = self.rng.choices(list(self.weights), list(self.weights.values()))[0]
            self.met[step] += 1
            (FAULTS | DEEDS)[step](self)
        self._settle()

    def _tell(self, text: str) -> None:
        self.trace.append(text)

    def _sender(self, number: int) -> Sender:
        self._begun += 1
        sender = Sender(self.crossing, number, self._begun)
        self._tell(f"{sender} of partition {number} recovers")
        return sender

    def _keeper(self, number: int) -> Keeper:
        self._begun += 1
        keeper = Keeper(self.crossing, number, self._begun)
        self._tell(f"{keeper} recovers, lost: {keeper.lost}")
        if keeper.lost and not self.is_damaged:
            raise Wrong(f"lost without need: {keeper.lost}")
        return keeper

    def _some_sender(self) -> Sender:
        return self.rng.choice(self.senders + self.old_senders)

    def _some_keeper(self) -> Keeper:
        return self.rng.choice(self.keepers + self.old_keepers)

    def read(self) -> None:
        """Let a sender fold some of the source."""
        sender = self._some_sender()
        sender.fold(self.rng.choice((1, 3, 8, 20)), self.rng)
        self._tell(f"{sender} of partition {sender.number} has folded")

    def tell(self) -> None:
        """Let a sender tell what it folded, or some of it land."""
        sender = self._some_sender()
        sender.tell()
        sender.deliver(self.rng.choice((0, 1, 2, 9)))
        self._tell(f"{sender} of partition {sender.number} tells; {len(sender.in_flight)} left")

    def checkpoint(self) -> None:
        """Let a sender write some of a checkpoint."""
        sender = self._some_sender()
        if not sender.has_failed:
            sender.begin_checkpoint()
            sender.write(self.rng.choice((1, 5, 99, 99)))
            self._tell(f"{sender} of partition {sender.number} writes")

    def fold(self) -> None:
        """Let a keeper fold some facts."""
        keeper = self._some_keeper()
        keeper.fold(self.rng.choice((1, 2, 5, 20)))
        self._tell(f"{keeper} has folded")

    def keep(self) -> None:
        """Let a keeper write some of a snapshot."""
        keeper = self._some_keeper()
        keeper.write(self.rng.choice((1, 2, 4, 99, 99)))
        self._tell(f"{keeper} writes")

    def refuse(self) -> None:
        """A message of a sender is refused: it ends, though later ones of its have landed."""
        sender = self.rng.choice(self.senders)
        sender.tell()
        sender.fail(self.rng)
        if sender.has_failed:
            self._tell(f"a message of {sender} of partition {sender.number} is refused")
            self.senders[sender.number] = self._sender(sender.number)

    def end_sender(self) -> None:
        """A sender ends; some of what it has sent lands. Another one recovers."""
        sender = self.rng.choice(self.senders)
        rows = sender.unacknowledged()
        sender.deliver(self.rng.randint(0, 3))
        for _ in range(self.rng.randint(0, len(rows))):
            sender.world.write(rows.popleft())
        self._tell(f"{sender} of partition {sender.number} dies")
        self.senders[sender.number] = self._sender(sender.number)

    def end_keeper(self) -> None:
        """A keeper ends; some of what it has sent lands. Another one recovers."""
        keeper = self.rng.choice(self.keepers)
        rows = keeper.unacknowledged()
        self.crossing.changelogs[keeper.number].rows += rows[: self.rng.randint(0, len(rows))]
        self._tell(f"{keeper} dies")
        self.keepers[keeper.number] = self._keeper(keeper.number)

    def replace_sender(self) -> None:
        """A sender is replaced and does not know it."""
        number = self.rng.randrange(PARTITIONS)
        self.old_senders = [*self.old_senders, self.senders[number]][-MOST_ZOMBIES:]
        self.senders[number] = self._sender(number)

    def replace_keeper(self) -> None:
        """A keeper is replaced and does not know it."""
        number = self.rng.randrange(SHARDS)
        self.old_keepers = [*self.old_keepers, self.keepers[number]][-MOST_ZOMBIES:]
        self.keepers[number] = self._keeper(number)

    def compact(self) -> None:
        """Compact a changelog of persons, or its beginning."""
        log = self.rng.choice(self.crossing.changelogs)
        log.compact(self.rng.randint(0, len(log.rows)), keeps_tombstones=self.rng.random() < 1 / 2)

    def damage(self) -> None:
        """Damage a row of a changelog of persons: nothing but reading on is asked of a keeper."""
        name = self.rng.choice(self.crossing.changelogs).damage(self.rng)
        self._tell(f"{name} is damaged")

    def trim(self) -> None:
        """Let the facts begin where no whole snapshot needs what is before, or later."""
        number = self.rng.randrange(SHARDS)
        facts, offset = self.crossing.facts[number], self.keepers[number].shard.offset
        self.is_damaged = True  # what is cut may be needed: then it is declared
        facts.beginning = self.rng.randint(facts.beginning, max(facts.beginning, offset))
        self._tell(f"the facts of shard {number} begin at {facts.beginning}")

    def declared(self) -> list[str]:
        """What keepers have declared lost of facts that all came in the end."""
        shards = [keeper.shard for keeper in self.keepers]
        return [f"{one.losses} in {one.heard}" for one in shards if one.losses.units]

    def _settle(self) -> None:
        """Everybody catches up; what nobody knows of is not there."""
        for sender in self.senders:
            while sender.partition.offset < sender.world.source.end:
                sender.fold(50, self.rng)
            for _ in range(3):  # what is under way, the rest, and that it is safe
                sender.begin_checkpoint()
                sender.write(1 << 30)
            sender.deliver(len(sender.in_flight))
        for number in range(SHARDS):
            for keeper in (self.keepers[number], self._keeper(number)):
                keeper.fold(1 << 30)
                self._check_heard(keeper)

    def _check_heard(self, keeper: Keeper) -> None:
        """What was told has all been heard."""
        for sender in self.senders:
            heard = keeper.shard.heard[sender.number]
            if heard.end < sender.partition.offset:
                raise Wrong(f"{keeper} hears {heard} of {sender}, partition {sender.number}")


STEPS = {"read": 8, "tell": 6, "checkpoint": 4, "fold": 8, "keep": 4}
DEEDS: dict[str, Callable[[Schedule], None]] = {
    "read": Schedule.read,
    "tell": Schedule.tell,
    "checkpoint": Schedule.checkpoint,
    "fold": Schedule.fold,
    "keep": Schedule.keep,
}
FAULTS: dict[str, Callable[[Schedule], None]] = {
    "refuse": Schedule.refuse,
    "end sender": Schedule.end_sender,
    "end keeper": Schedule.end_keeper,
    "replace sender": Schedule.replace_sender,
    "replace keeper": Schedule.replace_keeper,
    "compact": Schedule.compact,
    "damage": Schedule.damage,
    "trim": Schedule.trim,
}
