"""What crosses from the partitions of the source to the shards of persons.

A message of the facts topic holds a section of each source partition its sender folds. A section
says what its partition came to between two of its offsets, for the persons of one shard; the
sections of a partition follow one another without a gap, so a shard knows what it has and what it
lacks (rule R9, `docs/guarantee.md`). All of it is a function of the source, but for `safe` and the
last two fields, which speak of the sender.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from streams import freshness
from streams.decoding import LATEST
from streams.panes import FUTURE_LIMIT
from streams.persons.names import LASTING, MARKED
from streams.persons.population import Hashes, Times
from streams.unit import Damaged, UnknownVersion, seal, unseal

NAME = "facts"
NAMES = frozenset((*MARKED, *LASTING))


class Facts(NamedTuple):
    """Facts of one name and label."""

    name: str
    label: str
    persons: Hashes
    times: Times
    """When it held of each, in milliseconds."""

    def take(self, chosen: np.ndarray) -> "Facts":
        """Some of them."""
        return self._replace(persons=self.persons[chosen], times=self.times[chosen])


class StoredFacts(msgspec.Struct, array_like=True, frozen=True):
    """The same in bytes; the arrays are of little-endian 64-bit integers."""

    name: str
    label: str
    persons: bytes
    times: bytes

    @classmethod
    def of(cls, facts: Facts) -> "StoredFacts":
        """Facts as bytes."""
        name, label, *columns = facts
        return cls(name, label, *(column.astype("<i8").tobytes() for column in columns))

    def read(self) -> Facts:
        """The facts; raises Damaged where they are none, UnknownVersion for those of a new name."""
        if self.name not in NAMES:
            raise UnknownVersion(f"written as {self.name!r}, which is no name of this version's")
        if len(self.persons) != len(self.times) or len(self.times) % 8:
            raise Damaged(f"{self.name}: {len(self.persons)} and {len(self.times)} bytes")
        persons, times = np.frombuffer(self.persons, "<i8"), np.frombuffer(self.times, "<i8")
        if len(times) and not 0 <= times.min() <= times.max() <= LATEST + FUTURE_LIMIT:
            raise Damaged(f"{self.name}: times that no event can have")
        return Facts(self.name, self.label, persons, times)


class Section(msgspec.Struct, array_like=True, frozen=True):
    """What one source partition came to from the offset `begin` on, before the offset `end`."""

    partition: int
    begin: int
    end: int
    watermark: int
    """Of the partition at `end`."""
    safe: int = 0
    """Offset before which all was acknowledged when this was told: nobody tells that again."""
    facts: Sequence[StoredFacts] = ()
    """What was told before may be left out where that changes nothing."""
    caught_up_at: int = 0
    """Wall clock of the last poll that had reached the end of the partition; 0 before the first."""
    told_at: int = 0
    """Wall clock of the sender."""

    @property
    def instant(self) -> int:
        """The time up to which the partition is told."""
        return freshness.instant(self.caught_up_at, self.told_at, self.watermark)


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
