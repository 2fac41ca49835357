"""How well customers are, from what is known of them: a score of 0 to 100, told by band only.

30 points for how lately they were active, 25 for how often, 15 for how many features they use, 20
for what they answered last, 10 for a payment that went through: as of the beginning of a day, from
the 30 days before it, answers and payments from 90. Who was never asked gets half of the points.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streams.panes import Calendar
from streams.persons.entries import NONE, NOTHING_CODE
from streams.persons.labels import tabulated
from streams.persons.lasting import Days
from streams.persons.marked import MONTH
from streams.persons.marks import Marks
from streams.persons.names import (
    ACTIVE,
    BOUGHT,
    CSAT,
    FAILED,
    HEALTH,
    NPS,
    PAYMENT,
    SUBSCRIPTION,
    USED,
)
from streams.persons.population import Flags, Rows, flagged
from streams.persons.presence import WORD_DAYS, Windows
from streams.persons.presence import Days as Numbers
from streams.persons.register import Register
from streams.persons.sheets import Sheets

BANDS = ("healthy", "watch", "at_risk")
SCORED = "scored"
"""Beside the bands: shards that have scored their customers."""
HEALTHY, WATCH = 70, 40
"""Least scores."""
DAYS_OF_ANSWERS = 90
MOST_FREQUENT, MOST_FEATURES, MOST_ANSWERED, MOST_PAID = 25, 15, 20, 10
RECOUNTED = 30
"""Days back that are counted anew when something becomes known late."""

Points = npt.NDArray[np.int64]


class Concerned(NamedTuple):
    """Whose scores may change with what is about to be noted, in order, and of which days."""

    rows: Rows
    numbers: Sequence[int]


class Health:
    """Scores the persons of a shard at the beginning of each day, and keeps the scores right."""

    def __init__(
        self,
        calendar: Calendar,
        marks: Mapping[str, Marks],
        registers: Mapping[str, Register],
        sheets: Sheets,
    ) -> None:
        self._calendar, self._marks, self._registers = calendar, marks, registers
        self._sheets = sheets
        self.begun = self.scored = 0
        """The first and the last day, by their numbers, of which customers are scored."""

    def score_until(self, number: int) -> None:
        """Score everybody at the beginning of each day up to one, by its number."""
        if number <= self.scored:
            return
        everybody = self._candidates(np.arange(self._marks[ACTIVE].population.size))
        begin = min(self._marks[ACTIVE].presence.first_day + 1, number)
        numbers = range(max(self.scored + 1, begin, number - RECOUNTED), number + 1)
        for day in numbers:  # one by one: of everybody it is much
            self._count(Concerned(everybody, [day]), 1)
            self._sheets.add(self._calendar.day_of_number(day), HEALTH, (SCORED,), 1)
        self.begun, self.scored = self.begun or numbers.start, number

    @contextmanager
    def recounting(self, name: str, rows: Rows, days: Numbers) -> Iterator[None]:
        """Put right what is counted, while facts of persons on some days, one each, are noted."""
        concerned = self._concerned(name, rows, days)
        self._count(concerned, -1)
        yield
        self._count(concerned, 1)

    @contextmanager
    def parting(self, rows: Rows, day: int) -> Iterator[None]:
        """The same of days after one, while what was before it is parted from persons, in order."""
        first = max(day + 1, self.scored - RECOUNTED, self.begun)
        concerned = Concerned(self._candidates(rows), range(first, self.scored + 1))
        self._count(concerned, -1)
        yield
        self._count(concerned, 1)

    def _concerned(self, name: str, rows: Rows, days: Numbers) -> Concerned:
        late = np.unique(rows[days < self.scored])
        if len(late) and name not in (SUBSCRIPTION, BOUGHT):
            late = self._candidates(late)
        first = max(int(days.min()) + 1, self.scored - RECOUNTED, self.begun)
        return Concerned(late, range(first, self.scored + 1))

    def _candidates(self, rows: Rows) -> Rows:
        """Those who may be customers: others have no part in what is counted."""
        size = self._marks[ACTIVE].population.size
        bought = self._marks[BOUGHT]
        is_one = flagged(self._registers[SUBSCRIPTION].entries.rows, size)
        is_one |= flagged(bought.owners[: bought.population.size], size)
        return rows[is_one[rows]]

    def _count(self, concerned: Concerned, sign: int) -> None:
        """Count those who are concerned, or take them away again."""
        rows, numbers = concerned
        if not len(rows) or not len(numbers):
            return
        is_customer, score = self._score(rows, Days(numbers, self._calendar))
        is_in = score >= HEALTHY, (score >= WATCH) & (score < HEALTHY), score < WATCH
        for band, flags in zip(BANDS, is_in, strict=True):
            counts = np.count_nonzero(flags & is_customer, axis=1)
            for at in np.flatnonzero(counts).tolist():
                pane = self._calendar.day_of_number(numbers[at])
                self._sheets.add(pane, HEALTH, (band,), sign * int(counts[at]))

    def _score(self, rows: Rows, days: Days) -> tuple[Flags, Points]:
        """Who of some persons is a customer, and the scores of all: a row a day."""
        held = self._registers[SUBSCRIPTION].of(rows).before(days.start()).codes
        is_customer = (held > NOTHING_CODE) | (self._lately(BOUGHT, rows, days) > 0)
        breadth = np.minimum(MOST_FEATURES, 3 * self._lately(USED, rows, days))
        score = self._activity(rows, days) + breadth + self._answers(rows, days)
        return is_customer, score + self._payments(rows, days)

    def _window(self, name: str, rows: Rows, days: Days) -> Windows:
        """The days before each, of which the last one is the highest of as many bits."""
        before = np.array(days.numbers) - 1
        return self._marks[name].presence.windows(rows, before) >> np.uint64(WORD_DAYS - MONTH)

    def _activity(self, rows: Rows, days: Days) -> Points:
        """For how lately, which is the number of the highest bit, and how often."""
        window = self._window(ACTIVE, rows, days)
        lately = np.frexp(window.astype(np.float64))[1]
        often = np.bitwise_count(window).astype(np.int64)
        points: Points = lately + np.minimum(MOST_FREQUENT, 2 * often)
        return points

    def _lately(self, name: str, rows: Rows, days: Days) -> Points:
        """How many labels of a fact each person has of the days before each."""
        marks = self._marks[name]
        theirs = marks.of(rows)
        places = np.searchsorted(rows, marks.owners[theirs])
        return tabulated(self._window(name, theirs, days) != 0, places, len(rows))

    def _answers(self, rows: Rows, days: Days) -> Points:
        """For what was answered last: the mean of the questions that were."""
        total, asked = np.zeros((2, len(days.numbers), len(rows)), np.int64)
        for name, lowest, factor in ((NPS, 0, 2), (CSAT, 1, 5)):
            codes, is_known = self._last(name, rows, days)
            labels = self._registers[name].labels.names
            worth = np.array([_score(label, lowest) * factor for label in labels])
            total += np.where(is_known, worth[codes], 0)
            asked += is_known
        return np.where(asked == 0, MOST_ANSWERED // 2, total // np.maximum(asked, 1))

    def _payments(self, rows: Rows, days: Days) -> Points:
        codes, is_known = self._last(PAYMENT, rows, days)
        failed = self._registers[PAYMENT].labels.code(FAILED)
        return np.where(is_known & (codes == failed), 0, MOST_PAID)

    def _last(self, name: str, rows: Rows, days: Days) -> tuple[Points, Flags]:
        """The last fact of each, and whether there is one that is not too old."""
        codes, since = self._registers[name].of(rows).before(days.start())
        return codes, (codes != NONE) & (since >= days.start(-DAYS_OF_ANSWERS)[:, None])


def _score(label: str, lowest: int) -> int:
    """Above the lowest one."""
    return int(label) - lowest if label.isdecimal() else 0
