"""Active persons by day: how many there were, whence they came, and whether they come back.

What a local day's sheet says of the persons of a shard, for windows that end with that day. It is a
sum over persons of what each one's days come to, so a day that is noted late takes away what the
person came to before and adds what it comes to now, in every sheet it has a part in.
"""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from streams.panes import Calendar
from streams.persons.names import ACTIVE, LIFECYCLE, RETAINED, RETURNS, SPANS
from streams.persons.population import Flags, Rows
from streams.persons.presence import NEVER, WORD_DAYS, Days, Presence
from streams.persons.sheets import Sheets
from streams.routing import Labels

REACH = 31
"""So many days, from its own on, a day of activity has a part in."""

Key = tuple[str, Labels]


class Activity:
    """The days of the persons of a shard, counted in its sheets."""

    def __init__(self, calendar: Calendar, sheets: Sheets) -> None:
        self._calendar, self._sheets = calendar, sheets
        self.presence = Presence()

    def note(self, rows: Rows, days: Days) -> None:
        """Note days on which persons were active, in any order, also again."""
        pairs = np.unique(np.stack((days, rows)), axis=1)
        fresh = self.presence.lacks(pairs[1], pairs[0])
        if not fresh.any():
            return
        days, rows = pairs[0][fresh], pairs[1][fresh]
        those = np.unique(rows)
        span = self._span(rows, days)
        before = [Counter(dict(self._counts(those, day))) for day in span]
        self.presence.note(rows, days)
        for day, old in zip(span, before, strict=True):
            pane = self._calendar.day_of_number(day)
            new = Counter(dict(self._counts(those, day)))
            new.subtract(old)
            for (name, labels), amount in new.items():
                if amount:
                    self._sheets.add(pane, name, labels, amount)

    def _span(self, rows: Rows, days: Days) -> range:
        """The days of whose sheets something may change; also where a person was new until now."""
        first = self.presence.first(rows)
        was_new = first[(days < first) & (first != NEVER)]
        return range(int(days.min()), max([int(days.max()), *was_new.tolist()]) + REACH)

    def _counts(self, rows: Rows, day: int) -> Iterator[tuple[Key, int]]:
        """What persons come to in the sheet of a day."""
        window = self.presence.window(rows, day)
        if not window.any():
            return
        age = day - self.presence.first(rows)
        here, yesterday = window >> np.uint64(63) == 1, window >> np.uint64(62) & np.uint64(1) == 1
        for span in SPANS:
            within = window >> np.uint64(WORD_DAYS - span) != 0
            yield (ACTIVE, (str(span),)), _count(within)
        yield (LIFECYCLE, ("new",)), _count(here & (age == 0))
        yield (LIFECYCLE, ("returning",)), _count(here & yesterday)
        yield (LIFECYCLE, ("resurrecting",)), _count(here & ~yesterday & (age > 0))
        yield (LIFECYCLE, ("dormant",)), _count(~here & yesterday)
        for days in RETURNS:
            yield (RETAINED, (str(days),)), _count(here & (age == days))


def _count(flags: Flags) -> int:
    return int(np.count_nonzero(flags))
