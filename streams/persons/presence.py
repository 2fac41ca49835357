"""On which local days each person was there: 64 days a word, a column of words per 64 days.

Days are counted as `datetime.date.toordinal` does. Noting a day twice changes nothing, and days may
be noted in any order.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streams.panes import MINUTE, Calendar
from streams.persons.population import Flags, Rows, grown

WORD_DAYS = 64
NEVER = 1 << 30
"""The first day of a person who was not there yet."""

Days = npt.NDArray[np.int64]
Windows = npt.NDArray[np.uint64]


class Columns(NamedTuple):
    """What is known of some persons, one entry each."""

    first: npt.NDArray[np.int32]
    words: dict[int, Windows]

    def before(self, day: int) -> "Columns":
        """Of days before one only."""
        words = {n: word & ~_since(n, day) for n, word in self.words.items()}
        return Columns(np.where(self.first < day, self.first, NEVER), words)

    def since(self, day: int) -> "Columns":
        """Of the others only."""
        words = {n: word & _since(n, day) for n, word in self.words.items()}
        first = np.full_like(self.first, NEVER)
        for number, word in sorted(words.items(), reverse=True):
            lowest = np.frexp((word & (~word + np.uint64(1))).astype(np.float64))[1] - 1
            first = np.where(word != 0, number * WORD_DAYS + lowest, first)
        return Columns(first.astype(np.int32), words)


class Presence:
    """Columns over the rows of a population."""

    def __init__(self) -> None:
        self._first: npt.NDArray[np.int32] = np.empty(0, np.int32)
        self._words: dict[int, npt.NDArray[np.uint64]] = {}

    def first(self, rows: Rows) -> Days:
        """The first day of each person; NEVER before there is one."""
        self._grow(rows)
        return self._first[rows].astype(np.int64)

    @property
    def first_day(self) -> int:
        """The first day of anybody; NEVER before there is one."""
        return int(self._first.min(initial=NEVER))

    @property
    def end(self) -> int:
        """No day is noted from this one on."""
        return (max(self._words, default=-1) + 1) * WORD_DAYS

    @property
    def word_count(self) -> int:
        """How many words are kept of each person."""
        return len(self._words)

    def window(self, rows: Rows, day: int) -> Windows:
        """The 64 days that end with `day`, which is the highest bit; the day before is the next."""
        number, place = divmod(day, WORD_DAYS)
        found = self._word(number, rows) << np.uint64(WORD_DAYS - 1 - place)
        if place < WORD_DAYS - 1:
            found |= self._word(number - 1, rows) >> np.uint64(place + 1)
        return found

    def windows(self, rows: Rows, days: Days) -> npt.NDArray[np.uint64]:
        """The same for several days: a row of the result a day, a column a person."""
        number, place = np.divmod(days, WORD_DAYS)
        place = place.astype(np.uint64)[:, None]
        held = {n: self._word(n, rows) for n in np.unique((number, number - 1)).tolist()}
        upper = np.array([held[n] for n in number.tolist()]) << np.uint64(WORD_DAYS - 1) - place
        lower = np.array([held[n - 1] for n in number.tolist()]) >> place >> np.uint64(1)
        found: npt.NDArray[np.uint64] = upper | lower
        return found

    def lacks(self, rows: Rows, days: Days) -> npt.NDArray[np.bool_]:
        """Whether each person was not yet noted on the day beside."""
        missing = np.ones(len(rows), np.bool_)
        for day, chosen in by_day(days):
            missing[chosen] = self.window(rows[chosen], day) >> np.uint64(WORD_DAYS - 1) == 0
        return missing

    def note(self, rows: Rows, days: Days) -> None:
        """Note days on which persons were there, no person twice on a day."""
        self._grow(rows)
        for day, chosen in by_day(days):
            number, place = divmod(day, WORD_DAYS)
            word = self._words.get(number)
            if word is None:
                word = np.zeros(len(self._first), np.uint64)
            word = self._words[number] = grown(word, len(self._first))
            those = rows[chosen]
            word[those] |= np.uint64(1 << place)
            self._first[those] = np.minimum(self._first[those], day)

    def forget_before(self, day: int) -> None:
        """Let go of the words that hold only days before one; first days are kept."""
        for number in [n for n in self._words if (n + 1) * WORD_DAYS <= day]:
            del self._words[number]

    def columns(self, rows: Rows) -> "Columns":
        """What is known of persons."""
        self._grow(rows)
        words = {number: self._word(number, rows) for number in sorted(self._words)}
        return Columns(self._first[rows], words)

    def put(self, rows: Rows, columns: "Columns") -> None:
        """Let persons be known by that only."""
        self._first[rows] = columns.first
        for number, word in columns.words.items():
            self._words[number] = grown(self._words[number], len(self._first))
            self._words[number][rows] = word

    def keep(self, kept: Flags) -> None:
        """Let go of all other rows; `kept` has one flag each."""
        self._first = grown(self._first, len(kept), NEVER)[: len(kept)][kept]
        for number, word in self._words.items():
            self._words[number] = grown(word, len(kept))[: len(kept)][kept]

    def append(self, columns: "Columns", begin: int) -> None:
        """Take what was known of persons whose rows begin with one that is not noted yet."""
        end = begin + len(columns.first)
        self._first = grown(self._first, end, NEVER)
        self._first[begin:end] = columns.first
        for number, word in columns.words.items():
            held = grown(self._words.get(number, np.zeros(0, np.uint64)), end)
            held[begin:end] = word
            self._words[number] = held

    def _grow(self, rows: Rows) -> None:
        size = int(rows.max()) + 1 if len(rows) else 0
        self._first = grown(self._first, size, NEVER)

    def _word(self, number: int, rows: Rows) -> Windows:
        word = self._words.get(number)
        if word is None:
            return np.zeros(len(rows), np.uint64)
        if len(rows) and int(rows.max()) >= len(word):
            word = self._words[number] = grown(word, int(rows.max()) + 1)
        return word[rows]


def _since(number: int, day: int) -> np.uint64:
    """The bits of a word that are days from one on."""
    gone = min(max(day - number * WORD_DAYS, 0), WORD_DAYS)
    return np.uint64((1 << WORD_DAYS) - (1 << gone))


def by_day(days: Days) -> Iterator[tuple[int, Rows]]:
    """Each day, and the places at which it stands."""
    for day in np.unique(days):
        yield int(day), np.flatnonzero(days == day)


def days_of(calendar: Calendar, minutes: npt.NDArray[np.int64]) -> Days:
    """The local day of each minute, which are counted since the epoch."""
    found, places = np.unique(minutes, return_inverse=True)
    days = [calendar.day_number(int(minute) * MINUTE) for minute in found]
    return np.array(days, np.int64)[places]
