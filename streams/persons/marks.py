"""Facts that are kept by day: on which days they held of whom, counted in the sheets.

What a local day's sheet says of the persons of a shard, for windows that end with that day. It is a
sum over persons of what each one's days come to, so a day that is noted late takes away what the
person came to before and adds what it comes to now, in every sheet it has a part in.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from streams.panes import LIFETIME, Calendar, Pane
from streams.persons.labels import Codes, LabelCodes, tabulated
from streams.persons.marked import KINDS, Seen
from streams.persons.names import ACTIVE, BOUGHT, BUYERS
from streams.persons.population import Flags, Hashes, Population, Rows, flagged, grown
from streams.persons.presence import NEVER, Columns, Days, Presence
from streams.persons.sheets import Sheets
from streams.routing import Labels

ROW_BITS = 32
LAST_ROW = (1 << ROW_BITS) - 1
"""A day and a row in one integer: the day is in the upper half."""
Owners: TypeAlias = npt.NDArray[np.int32]
CountsByKey: TypeAlias = dict[tuple[str, Labels], Codes]
"""By name and labels: a row a day, a column a label of the fact."""


class Marks:
    """The days of one fact; a row is a person and a label."""

    def __init__(self, name: str, calendar: Calendar, sheets: Sheets) -> None:
        self.name, self._kind = name, KINDS[name]
        self._calendar, self._sheets = calendar, sheets
        self.labels = LabelCodes()
        self.population = Population()
        self.presence = Presence()
        self._codes = np.empty(0, np.int16)
        self.owners: Owners = np.empty(0, np.int32)
        """The person of each row, as a row of everybody's."""

    def lacks(self, persons: Hashes, codes: Codes, days: Days) -> Flags:
        """Which of these days are not noted yet."""
        rows = self.population.find(persons ^ self.labels.hashes()[codes])
        fresh = rows < 0
        fresh[~fresh] = self.presence.lacks(rows[~fresh], days[~fresh])
        return fresh

    def note(self, persons: Hashes, owners: Rows, codes: Codes, days: Days) -> None:
        """Note days on which it held of persons and that are not noted yet, in any order."""
        noted = self.population.admit(persons ^ self.labels.hashes()[codes])
        self._own(noted, owners, codes)
        pairs = np.unique(days << ROW_BITS | noted)
        self._note(pairs & LAST_ROW, pairs >> ROW_BITS)

    def _own(self, rows: Rows, owners: Rows, codes: Codes) -> None:
        self._codes = grown(self._codes, self.population.size)
        self.owners = grown(self.owners, self.population.size)
        self._codes[rows], self.owners[rows] = codes, owners

    def of(self, owners: Rows) -> Rows:
        """The rows of persons."""
        held = self.owners[: self.population.size]
        everybody = max(int(held.max(initial=0)), int(owners.max(initial=0))) + 1
        return np.flatnonzero(flagged(owners, everybody)[held])

    def _note(self, rows: Rows, days_noted: Days) -> None:
        those, days = np.unique(rows), self._span(rows, days_noted)
        self._count_buyers(those[self.presence.first(those) == NEVER])
        before = self._counts(those, days)
        self.presence.note(rows, days_noted)
        self._change(days, before, self._counts(those, days))

    def part(self, persons: Rows, day: int) -> None:
        """Let what is known of persons before a day be somebody else's, and forget that one.

        What it came to stays counted.
        """
        rows = persons if self.name == ACTIVE else self.of(persons)
        rows = rows[self.presence.first(rows) != NEVER]
        days = np.arange(day, max(day, self.presence.end) + self._kind.reach)
        whole = self.presence.columns(rows)
        before, since = whole.before(day), whole.since(day)
        held = self._counts(rows, days)
        self.presence.put(rows, before)
        apart = self._counts(rows, days)
        self.presence.put(rows, since)
        for key, counts in self._counts(rows, days).items():
            apart[key] = apart[key] + counts
        self._change(days, held, apart)
        self._count_buyers(rows[(before.first != NEVER) & (since.first != NEVER)])

    def keep(self, kept: Flags, numbers: Rows) -> None:
        """Let go of all other rows; `numbers` are the new ones of persons."""
        self._codes = grown(self._codes, len(kept))[: len(kept)][kept]
        owners = grown(self.owners, len(kept))[: len(kept)][kept]
        self.owners = numbers[owners].astype(np.int32)
        self.presence.keep(kept)
        self.population.keep(kept)

    def _change(self, days: Days, before: CountsByKey, after: CountsByKey) -> None:
        """Count what rows come to afterwards in the place of what they came to before."""
        for key, counts in after.items():
            for at, code in zip(*np.nonzero(change := counts - before[key]), strict=True):
                pane = self._calendar.day_of_number(int(days[at]))
                self._add(pane, key, code, int(change[at, code]))

    def _count_buyers(self, rows: Rows) -> None:
        """Count those of a fact who were not known yet."""
        if self.name != BOUGHT:
            return
        for code, count in enumerate(np.bincount(self._codes[rows])):
            self._add(LIFETIME, (BUYERS, ()), code, int(count))

    def _add(self, pane: Pane, key: tuple[str, Labels], code: int, amount: int) -> None:
        name, labels = key
        if amount:
            self._sheets.add(pane, name, self.labels.joined(code, labels), amount)

    def _span(self, rows: Rows, days: Days) -> Days:
        """The days of whose sheets something may change; also where a person was new until now."""
        first = self.presence.first(rows)
        was_new = first[(days < first) & (first != NEVER)]
        changed = np.unique(np.concatenate((days, was_new)))
        return np.unique(np.add.outer(changed, np.arange(self._kind.reach)))

    def _counts(self, rows: Rows, days: Days) -> CountsByKey:
        """What rows come to in the sheets of days, by day and label."""
        windows, codes = self.presence.windows(rows, days), self._codes[rows]
        seen = Seen(windows, days[:, None] - self.presence.first(rows))
        return {
            (name, labels): tabulated(flags, codes, len(self.labels.names))
            for name, labels, flags in self._kind.counts(seen)
        }

    @property
    def row_bytes(self) -> int:
        """What is stored of a row: its key, its code, its first day and its words."""
        return 8 + 2 + 4 + 8 * self.presence.word_count

    def codes(self, rows: Rows) -> Codes:
        """The labels of rows."""
        self._codes = grown(self._codes, self.population.size)
        return self._codes[rows]

    def append(self, keys: Hashes, everybody: Population, codes: Codes, columns: Columns) -> None:
        """Take what was stored of rows that are not here yet; ValueError for those that are."""
        begin = self.population.size
        rows = self.population.admit(keys)  # new ones get their rows in the order of their hashes
        if self.population.size != begin + len(keys):
            raise ValueError("marks that are here already")
        self._own(rows, everybody.find(keys ^ self.labels.hashes()[codes]), codes)
        self.presence.append(columns, begin)
