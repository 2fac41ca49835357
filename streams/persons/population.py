"""Persons by their hash, each with a row number: an open-addressing table looked up in batches.

20 to 30 bytes a person where a dictionary of Python integers takes about 100 (see
`docs/decisions/0011`). Where to look is told by all bits of a hash: a snapshot brings hashes in
their order, so by the upper ones alone each part of it would crowd in one corner of the table.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

Hashes: TypeAlias = npt.NDArray[np.int64]
Rows: TypeAlias = npt.NDArray[np.int64]
Times: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]

T = TypeVar("T", bound=np.generic)

LEAST_SLOTS_LOG2 = 10
MOST_FILLED = 0.6
GROWTH = 1.25
"""How much larger an array gets that is full."""
FREE = -1
SPREAD = np.uint64(0x9E3779B97F4A7C15)
"""2 to the power of 64, divided by the golden ratio."""


class Population:
    """Rows are given in the order of arrival, from 0 on, and change with `keep` only."""

    def __init__(self) -> None:
        self.size = 0
        self._hashes: Hashes = np.empty(0, np.int64)
        self._slots_log2 = LEAST_SLOTS_LOG2
        self._slots = np.full(1 << LEAST_SLOTS_LOG2, FREE, np.int32)

    @property
    def hashes(self) -> Hashes:
        """The hash of each row."""
        return self._hashes[: self.size]

    def find(self, persons: Hashes) -> Rows:
        """Row of each person; -1 for those that are not known."""
        rows = np.full(len(persons), FREE, np.int64)
        if not self.size:
            return rows
        place, seeking = self._home(persons), np.arange(len(persons))
        while len(seeking):
            held = self._slots[place]
            free = held == FREE
            found = ~free & (self._hashes[held] == persons[seeking])
            rows[seeking[found]] = held[found]
            left = ~(free | found)
            seeking, place = seeking[left], self._next(place[left])
        return rows

    def admit(self, persons: Hashes) -> Rows:
        """Row of each person; who is not known yet gets one."""
        rows = self.find(persons)
        missing = rows == FREE
        if missing.any():
            self._add(np.unique(persons[missing]))
            rows[missing] = self.find(persons[missing])
        return rows

    def keep(self, kept: Flags) -> None:
        """Let go of all others; rows move up, and keep their order."""
        self._hashes = self.hashes[kept]
        self.size = len(self._hashes)
        self._slots.fill(FREE)
        self._place(np.arange(self.size, dtype=np.int32))

    def _add(self, new: Hashes) -> None:
        begin, self.size = self.size, self.size + len(new)
        self._hashes = grown(self._hashes, self.size)
        self._hashes[begin : self.size] = new
        if self.size > MOST_FILLED * len(self._slots):
            while self.size > MOST_FILLED * (1 << self._slots_log2):
                self._slots_log2 += 1
            self._slots = np.full(1 << self._slots_log2, FREE, np.int32)
            begin = 0
        self._place(np.arange(begin, self.size, dtype=np.int32))

    def _place(self, rows: npt.NDArray[np.int32]) -> None:
        """Put rows into slots; of several that want a free one, the last written has it."""
        place = self._home(self._hashes[rows])
        while len(rows):
            free = self._slots[place] == FREE
            self._slots[place[free]] = rows[free]
            left = self._slots[place] != rows
            rows, place = rows[left], self._next(place[left])

    def _home(self, persons: Hashes) -> Rows:
        """The slot at which to begin to look."""
        spread = persons.view(np.uint64) * SPREAD  # as Knuth does: modulo 2 to the power of 64
        return (spread >> np.uint64(64 - self._slots_log2)).astype(np.int64)

    def _next(self, place: Rows) -> Rows:
        return (place + 1) & (len(self._slots) - 1)


def flagged(rows: npt.NDArray[Any], size: int) -> Flags:
    """Flags by row, of so many rows: those that are named."""
    flags = np.zeros(size, np.bool_)
    flags[rows] = True
    return flags


def portions(rows: Rows, most: int) -> Iterator[Rows]:
    """Cut rows, in their order, into parts of at most so many."""
    for begin in range(0, len(rows), most):
        yield rows[begin : begin + most]


def grown(array: npt.NDArray[T], size: int, fill: int = 0) -> npt.NDArray[T]:
    """An array with room for `size` entries, those behind the old ones filled; may be the same."""
    if size <= len(array):
        return array
    larger = np.full(int(size * GROWTH) + 16, fill, array.dtype)
    larger[: len(array)] = array
    return larger
