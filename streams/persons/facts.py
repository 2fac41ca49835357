"""What crosses from the partitions of the source to the shards of persons.

A message of the facts topic holds a section of each source partition its sender folds. A section
says what its partition came to between two of its offsets, for the persons of one shard; the
sections of a partition follow one another without a gap, so a shard knows what it has and what it
lacks (rule R9, `docs/guarantee.md`). All of it is a function of the source, but for `safe` and the
last two fields, which speak of the sender.
"""

import msgspec
import numpy as np

from streams import freshness
from streams.persons.population import Hashes
from streams.persons.sessions import Minutes
from streams.unit import seal, unseal

NAME = "facts"


class Section(msgspec.Struct, array_like=True, frozen=True):
    """What one source partition came to from the offset `begin` on, before the offset `end`."""

    partition: int
    begin: int
    end: int
    watermark: int
    """Of the partition at `end`."""
    safe: int = 0
    """Offset before which all was acknowledged when this was told: nobody tells that again."""
    persons: bytes = b""
    """Who was active, as 64-bit hashes, and beside each"""
    minutes: bytes = b""
    """when: in minutes since the epoch, 32 bits. What was told before may be left out."""
    caught_up_at: int = 0
    """Wall clock of the last poll that had reached the end of the partition; 0 before the first."""
    told_at: int = 0
    """Wall clock of the sender."""

    @property
    def is_caught_up(self) -> bool:
        """Whether the partition held nothing more when this was told."""
        return freshness.is_caught_up(self.caught_up_at, self.told_at)

    @property
    def instant(self) -> int:
        """The time up to which the partition is told."""
        return freshness.instant(self.caught_up_at, self.told_at, self.watermark)

    def activity(self) -> tuple[Hashes, Minutes]:
        """Who was active when; ValueError when it does not fit together."""
        persons = np.frombuffer(self.persons, "<i8")
        minutes = np.frombuffer(self.minutes, "<i4").astype(np.int64)
        if len(persons) != len(minutes):
            raise ValueError(f"{len(persons)} persons were active in {len(minutes)} minutes")
        return persons, minutes


class Message(msgspec.Struct, array_like=True, frozen=True):
    """A record of the facts topic."""

    generation: str
    lineage: int
    """The history of the state that it belongs to, see `streams.rows`."""
    partitions: int
    """How many the source has."""
    sections: list[Section]

    def encode(self) -> bytes:
        """Bytes of a record."""
        return seal(self, NAME)

    @classmethod
    def decode(cls, raw: bytes) -> "Message":
        """Read such bytes; raises Damaged or UnknownVersion."""
        return unseal(cls, raw, NAME)


def shard_of(persons: Hashes, shards: int) -> Hashes:
    """The shard of each person."""
    return (persons.view(np.uint64) % np.uint64(shards)).astype(np.int64)
