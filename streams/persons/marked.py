"""What facts that are kept by day come to in the sheets."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from streams.persons.names import ACTIVE, BOUGHT, LEFT, LIFECYCLE, RETAINED, RETURNS, SPANS, USED
from streams.persons.population import Flags
from streams.persons.presence import WORD_DAYS, Days, Windows
from streams.routing import Labels

MONTH = 30

Count = tuple[str, Labels, Flags]
"""What is counted, under which labels after the fact's own, and who counts."""


class Seen(NamedTuple):
    """What is known of marks on some days: a row a day, a column a mark."""

    window: Windows
    """The 64 days that end with a day, which is the highest bit."""
    age: Days
    """Days since the first one."""

    def back(self, days: int) -> Flags:
        """Whether it held so many days ago."""
        found: Flags = self.window >> np.uint64(WORD_DAYS - 1 - days) & np.uint64(1) == 1
        return found

    def within(self, days: int) -> Flags:
        """Whether it held within so many days."""
        found: Flags = self.window >> np.uint64(WORD_DAYS - days) != 0
        return found


def _spans(name: str, seen: Seen) -> Iterator[Count]:
    for span in SPANS:
        yield name, (str(span),), seen.within(span)


def _of_active(seen: Seen) -> Iterator[Count]:
    yield from _spans(ACTIVE, seen)
    here, yesterday = seen.back(0), seen.back(1)
    yield LIFECYCLE, ("new",), here & (seen.age == 0)
    yield LIFECYCLE, ("returning",), here & yesterday
    yield LIFECYCLE, ("resurrecting",), here & ~yesterday & (seen.age > 0)
    yield LIFECYCLE, ("dormant",), ~here & yesterday
    for days in RETURNS:
        yield RETAINED, (str(days),), here & (seen.age == days)


def _of_used(seen: Seen) -> Iterator[Count]:
    return _spans(USED, seen)


def _of_bought(seen: Seen) -> Iterator[Count]:
    yield from _spans(BOUGHT, seen)
    lately = seen.within(MONTH)
    yield LEFT, (), ~lately & seen.within(2 * MONTH)


class Kind(NamedTuple):
    """How the marks of a fact are counted."""

    counts: Callable[[Seen], Iterator[Count]]
    reach: int
    """So many days, from its own on, a mark has a part in."""


KINDS = {
    ACTIVE: Kind(_of_active, MONTH + 1),
    USED: Kind(_of_used, MONTH),
    BOUGHT: Kind(_of_bought, 2 * MONTH),
}
