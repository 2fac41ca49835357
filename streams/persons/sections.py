"""Makes messages to the shards of what partitions have to tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from streams.persons.facts import Message, Section, StoredFacts, shard_of
from streams.persons.outbox import Told


class Teller(NamedTuple):
    """What the sender says of a partition beside what it came to; see `Section`."""

    safe: int
    caught_up_at: int
    told_at: int


@dataclass(frozen=True)
class Crossing:
    """From how many partitions to how many shards, in which state."""

    generation: str
    lineage: int
    partitions: int
    shards: int

    def messages(self, told: Sequence[tuple[int, Told, Teller]]) -> list[Message]:
        """The message to each shard; `told` names the partition each is of."""
        return [
            Message(
                self.generation,
                self.lineage,
                self.partitions,
                [_section(number, one, teller, shard, self.shards) for number, one, teller in told],
            )
            for shard in range(self.shards)
        ]


def _section(number: int, told: Told, teller: Teller, shard: int, shards: int) -> Section:
    chosen = (facts.take(shard_of(facts.persons, shards) == shard) for facts in told.facts)
    return Section(
        number,
        told.begin,
        told.end,
        told.watermark,
        teller.safe,
        [StoredFacts.of(facts) for facts in chosen if len(facts.persons)],
        teller.caught_up_at,
        teller.told_at,
    )
