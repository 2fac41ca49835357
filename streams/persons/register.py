"""Facts of which the last one holds: what each person's were when, counted in the sheets.

All of them are kept that may count: what is counted is what holds when local days end, so the last
one of each day does, and where the first of all matters, the first of each day: of somebody who was
forgotten the day before it may be that. They may be noted in any order; of two in the same
millisecond the one counts whose label sorts last. As with marks, what is noted late takes away what
the person came to before and adds what it comes to now.
"""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np

from streams.panes import LIFETIME, MINUTE, Calendar, Pane
from streams.persons.entries import NONE, NOTHING_CODE, Entries, History
from streams.persons.labels import Codes, LabelCodes, tabulated
from streams.persons.lasting import OF_DAYS, OF_LIFETIME, REACH, Count, Days
from streams.persons.names import STATED, SUBSCRIPTION
from streams.persons.population import Flags, Rows, Times, flagged
from streams.persons.presence import days_of
from streams.persons.sheets import Sheets
from streams.routing import Labels

Changes: TypeAlias = dict[tuple[str, Labels], Codes]
"""By name and labels: how much more, a row a pane, a column a label of the fact."""


class Register:
    """The facts of one name; rows are those of a population."""

    def __init__(self, name: str, calendar: Calendar, sheets: Sheets) -> None:
        self.name = name
        self._calendar, self._sheets = calendar, sheets
        self.labels = LabelCodes()
        none = np.empty(0, np.int64)
        self.entries = Entries.of(none, none, none)

    def lacks(self, rows: Rows, codes: Codes, times: Times, size: int) -> Flags:
        """Which of these facts are not noted yet; `size` is that of the population."""
        touched = self.entries.take(flagged(rows, size)[self.entries.rows])
        known = {tuple(entry) for entry in np.stack(touched, axis=1).tolist()}
        asked = np.stack((rows, times, codes), axis=1).tolist()
        return np.array([tuple(entry) not in known for entry in asked], np.bool_)

    def note(self, rows: Rows, codes: Codes, times: Times, size: int) -> None:
        """Note facts that are not noted yet, in any order."""
        touched = flagged(rows, size)[self.entries.rows]
        ranks = self.labels.ranks()
        before = self.entries.take(touched).in_order(ranks)
        after = self._kept(before.join(Entries.of(rows, times, codes)).in_order(ranks))
        self.entries = self.entries.take(~touched).join(after)
        those = np.unique(rows)
        since = after.times[after.times >= times.min()]
        self._count(History(those, before), History(those, after), since)

    def _kept(self, entries: Entries) -> Entries:
        """Those of entries, in order, that are asked for: the last of a day, or the first too."""
        days = days_of(self._calendar, entries.times // MINUTE)
        is_of_another = (np.diff(entries.rows) != 0) | (np.diff(days) != 0)
        kept = np.append(is_of_another, True)
        if self.name in STATED:
            kept[1:] |= is_of_another
            kept[0] = True
        return entries.take(kept)

    def _count(self, before: History, after: History, since: Times) -> None:
        """Count what changed with the entries of some times."""
        numbers = self._days(since)
        if numbers:
            days, counted = Days(numbers, self._calendar), OF_DAYS[self.name]
            changes = self._sums(counted(after, days), counted(before, days))
            self._add([self._calendar.day_of_number(number) for number in numbers], changes)
        if self.name in OF_LIFETIME:
            of_all = OF_LIFETIME[self.name]
            self._add([LIFETIME], self._sums(of_all(after), of_all(before)))

    def _days(self, times: Times) -> list[int]:
        """The days that entries of these times have a part in, as far as sheets are kept."""
        if self.name not in OF_DAYS:
            return []
        days = np.unique(days_of(self._calendar, times // MINUTE))
        reached = np.unique(np.add.outer(days, np.arange(REACH)))
        return [day for day in reached.tolist() if self._sheets.keeps_day(day)]

    def _sums(self, after: Iterator[Count], before: Iterator[Count]) -> Changes:
        """What is counted more afterwards, by pane and label."""
        changes: Changes = {}
        for counts, sign in ((after, 1), (before, -1)):
            for name, labels, codes, flags, amount in counts:
                found = tabulated(
                    np.atleast_2d(flags), np.atleast_2d(codes), len(self.labels.names)
                )
                key = name, labels
                changes[key] = changes.get(key, 0) + sign * amount * found
        return changes

    def _add(self, panes: Sequence[Pane], changes: Changes) -> None:
        for (name, labels), amounts in changes.items():
            for at, code in zip(*np.nonzero(amounts), strict=True):
                full = self.labels.joined(code, labels)
                self._sheets.add(panes[at], name, full, int(amounts[at, code]))

    def of(self, rows: Rows) -> History:
        """The entries of rows that are in order."""
        return History(rows, self.entries.take(self._are_of(rows)).in_order(self.labels.ranks()))

    def _are_of(self, rows: Rows) -> Flags:
        """Which entries are those of rows."""
        held = self.entries.rows
        everybody = max(int(held.max(initial=0)), int(rows.max(initial=0))) + 1
        return flagged(rows, everybody)[held]

    def part(self, rows: Rows, day: int) -> None:
        """Let what is known of persons, in order, before a day be somebody else's; forget that one.

        What it came to stays counted. A subscription ends with the day before, and is not lost.
        """
        theirs, start = self._are_of(rows), self._calendar.day_of_number(day).start
        held = self.entries.take(theirs).in_order(self.labels.ranks())
        before, since = held.take(held.times < start), held.take(held.times >= start)
        times = np.append(since.times, start)
        other = History(rows, self._ended(rows, before, start))
        self._count(History(rows, held), other, times)
        self._count(History(rows, held.take(np.empty(0, np.int64))), History(rows, since), times)
        self.entries = self.entries.take(~theirs).join(since)

    def _ended(self, rows: Rows, entries: Entries, time: int) -> Entries:
        """Entries, with one more of whoever is subscribed: nothing is known from a time on."""
        if self.name != SUBSCRIPTION:
            return entries
        leaving = rows[History(rows, entries).latest().codes > NOTHING_CODE]
        ends = np.full(len(leaving), time), np.full(len(leaving), NONE)
        return entries.join(Entries.of(leaving, *ends)).in_order(self.labels.ranks())

    def keep(self, numbers: Rows) -> None:
        """Know persons, all of whom are kept, by new numbers."""
        rows, *columns = self.entries
        self.entries = Entries.of(numbers[rows], *columns)

    def forget_before(self, time: int) -> None:
        """Let go of what was noted of an earlier time; what it came to stays counted."""
        self.entries = self.entries.take(self.entries.times >= time)
