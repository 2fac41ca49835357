"""The rows of one partition's changelog, reduced while they are read.

A row's name is its lineage and what it is: `0/hour/1790000000000`, `0/ids/64`, `0/manifest`. A
lineage is one history of the state; `tidegauge replay` makes another beside it. The row `lineage`
says which one counts.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple, TypeVar

import msgspec

from streams.unit import Damaged, UnknownVersion, seal, unseal

LINEAGE = "lineage"
NAME = re.compile(r"\d{1,18}/.*", re.ASCII | re.DOTALL)
T = TypeVar("T")


class Stamp(msgspec.Struct, array_like=True, frozen=True):
    """How every row of a lineage begins; of two with one name the one with the larger rank counts.

    The rank is an offset, or the number of ids of a segment: neither a writer that was left behind
    nor compaction makes an older row the newer one.
    """

    generation: str
    rank: int


class Held(NamedTuple):
    """The row of a name that counts."""

    stamp: Stamp
    raw: bytes


class Rows:
    """Of every name the row that counts; `take` them in the order of the log."""

    def __init__(self) -> None:
        self.held: dict[str, Held] = {}
        self.damaged: set[str] = set()
        """Names of which a row could not be read."""
        self.stale: set[str] = set()
        """Names of which the last row is not the one that counts: compaction would keep it."""
        self.lineage = 0

    def take(self, name: str, raw: bytes | None) -> None:
        """Take a row, or a tombstone; raises UnknownVersion."""
        if name != LINEAGE and not NAME.fullmatch(name):
            raise UnknownVersion(f"written as {name!r}, which is no name of this version's")
        if raw is None:
            self.held.pop(name, None)
            self.damaged.discard(name)
            self.stale.discard(name)
            return
        try:
            if name == LINEAGE:
                self.lineage = max(self.lineage, unseal(int, raw, LINEAGE))
                self.damaged.discard(LINEAGE)  # a replay has mended it
                return
            stamp = unseal(Stamp, raw, name.partition("/")[2])
        except Damaged:
            self.damaged.add(name)
            self.stale.add(name)
            return
        held = self.held.get(name)
        if held is None or stamp.rank >= held.stamp.rank:
            self.held[name] = Held(stamp, raw)
            self.stale.discard(name)
        else:
            self.stale.add(name)

    @property
    def is_empty(self) -> bool:
        """Whether there is no row, not even a damaged one."""
        return not (self.held or self.damaged or self.lineage)

    def names(self) -> set[str]:
        """The names within the lineage that counts, damaged rows included."""
        return self._here(self.held.keys() | self.damaged)

    def stale_names(self) -> set[str]:
        """Those of which the row that counts has to be written again."""
        return self._here(self.stale)

    def _here(self, names: Iterable[str]) -> set[str]:
        here = (name for name in names if name != LINEAGE and _lineage_of(name) == self.lineage)
        return {name.partition("/")[2] for name in here}

    def generations(self) -> set[str]:
        """The generations of the lineage that counts; one, or none before its first checkpoint."""
        held = self.held.items()
        return {row.stamp.generation for name, row in held if _lineage_of(name) == self.lineage}

    def read(self, kind: type[T], name: str) -> T | None:
        """The row of a name within the lineage that counts; a damaged one reads as missing."""
        held = self.held.get(row_name(self.lineage, name))
        try:
            return unseal(kind, held.raw, name) if held else None
        except Damaged:
            return None

    def raw(self, name: str) -> bytes | None:
        """The bytes of the row of a name within the lineage that counts."""
        held = self.held.get(row_name(self.lineage, name))
        return held.raw if held else None

    def left_behind(self) -> list[str]:
        """Full names of rows that belong to an earlier lineage."""
        names = self.held.keys() | self.damaged - {LINEAGE}
        return sorted(name for name in names if _lineage_of(name) < self.lineage)

    def next_lineage(self) -> int:
        """A number that no row has yet, nor any before it."""
        names = self.held.keys() | self.damaged
        return max([self.lineage, *map(_lineage_of, names)]) + 1


def row_name(lineage: int, name: str) -> str:
    """A row's name within its partition."""
    return f"{lineage}/{name}"


def switch_to(lineage: int) -> bytes:
    """The row that makes a lineage the one that counts."""
    return seal(lineage, LINEAGE)


def _lineage_of(name: str) -> int:
    """The lineage of a full name."""
    return int(name.partition("/")[0])
