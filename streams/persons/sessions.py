"""Sessions: minutes of activity of a person without half an hour of nothing in between.

A session is known by its first and its last minute, and counts in the panes of its first. Minutes
may come in any order: one that comes late may begin a session earlier, lengthen one, or make one of
two. So sessions are kept until nothing on time can touch them any more.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streams.panes import HOUR, MINUTE, Calendar, Grain, Pane
from streams.persons.names import SESSIONS
from streams.persons.population import Rows
from streams.persons.presence import days_of
from streams.persons.sheets import Sheets

GAP_MINUTES = 30
"""Inactivity that ends a session."""
PERSON_BIT = 32
"""A person and a minute in one integer: the person is in the upper half."""

LENGTH_BITS = 32
"""When a session began and its length in one integer."""

Minutes = npt.NDArray[np.int64]


class Table(NamedTuple):
    """Sessions, or minutes of activity, which are sessions of one minute; columns of one length."""

    persons: Rows
    first: Minutes
    """In minutes since the epoch."""
    last: Minutes

    def take(self, chosen: npt.NDArray[np.bool_]) -> "Table":
        """Some of them."""
        return Table(*(column[chosen] for column in self))

    def join(self, other: "Table") -> "Table":
        """These and others."""
        return Table(*map(np.concatenate, zip(self, other, strict=True)))


def merge(parts: Table) -> Table:
    """Join what is less than a gap apart; in order of person and time."""
    if not len(parts.persons):
        return parts
    parts = Table(*(column[np.lexsort((parts.first, parts.persons))] for column in parts))
    reach = np.maximum.accumulate(parts.persons << PERSON_BIT | parts.last)
    # The last minute of another person lies far behind: the person is in the upper half.
    begins = np.ones(len(reach), np.bool_)
    begins[1:] = (parts.persons[1:] << PERSON_BIT | parts.first[1:]) - reach[:-1] >= GAP_MINUTES
    starts = np.flatnonzero(begins)
    ends = np.append(starts[1:], len(reach)) - 1
    last = reach[ends] & ((1 << PERSON_BIT) - 1)
    return Table(parts.persons[starts], parts.first[starts], last)


class Sessions:
    """The sessions of the persons of a shard that may still change, counted in its sheets."""

    def __init__(self, calendar: Calendar, sheets: Sheets) -> None:
        self._calendar, self._sheets = calendar, sheets
        none = np.empty(0, np.int64)
        self.open = Table(none, none, none)

    def note(self, persons: Rows, minutes: Minutes, size: int) -> None:
        """Note minutes of activity, in any order, also again; `size` is that of the population."""
        concerned = np.zeros(size, np.bool_)
        concerned[persons] = True
        touched = concerned[self.open.persons]
        before = self.open.take(touched)
        after = merge(before.join(Table(persons, minutes, minutes)))
        self.open = self.open.take(~touched).join(after)
        self._count(before, after)

    def close_before(self, minute: int) -> None:
        """Let go of sessions that nothing from `minute` on can touch; they stay counted."""
        self.open = self.open.take(self.open.last > minute - GAP_MINUTES)

    def keep(self, numbers: Rows) -> None:
        """Know persons, all of whom are kept, by new numbers."""
        self.open = self.open._replace(persons=numbers[self.open.persons])

    def _count(self, before: Table, after: Table) -> None:
        first = np.concatenate((before.first, after.first))
        length = np.concatenate((before.last - before.first, after.last - after.first))
        sign = np.repeat((-1, 1), (len(before.first), len(after.first)))
        for pane, minutes, amount in self._changes(first, length, sign):
            self._sheets.add(pane, SESSIONS, (str(minutes),), amount)

    def _changes(
        self, first: Minutes, length: Minutes, sign: Minutes
    ) -> Iterator[tuple[Pane, int, int]]:
        """By pane and length, how many more sessions there are."""
        for grain, size in ((Grain.MINUTE, 1), (Grain.HOUR, HOUR // MINUTE)):
            for start, minutes, amount in _sums(first - first % size, length, sign):
                yield Pane(grain, start * MINUTE), minutes, amount
        for start, minutes, amount in _sums(days_of(self._calendar, first), length, sign):
            yield self._calendar.day_of_number(start), minutes, amount


def _sums(start: Minutes, length: Minutes, sign: Minutes) -> Iterator[tuple[int, int, int]]:
    """Sum the signs of equal pairs; those that come to nothing are left out."""
    pairs, places = np.unique(start << LENGTH_BITS | length, return_inverse=True)
    sums = np.zeros(len(pairs), np.int64)
    np.add.at(sums, places, sign)
    for pair, total in zip(pairs[sums != 0].tolist(), sums[sums != 0].tolist(), strict=True):
        yield pair >> LENGTH_BITS, pair & ((1 << LENGTH_BITS) - 1), total
