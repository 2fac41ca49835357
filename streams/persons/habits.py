"""Measures of activity: who comes, whether they come back, how long they stay.

A measure that has no window is of the last day that is over: a day that has just begun would make
it fall to nothing.
"""

from itertools import accumulate

from streams.aggregates import Estimate
from streams.panes import MINUTE, SECOND
from streams.persons.book import DAYS_OF, Book, Values, share
from streams.persons.marked import MONTH
from streams.persons.names import ACTIVE, LIFECYCLE, RETAINED, RETURNS, SESSIONS, STATES

QUANTILES = {"p50": 0.5, "p95": 0.95}


def active_users(book: Book, window: str | None) -> Values:
    """Persons who were active in a window of local days."""
    return {(): Estimate(book.within(ACTIVE, window)[()], 0)} if window in DAYS_OF else {}


def stickiness(book: Book, _: str | None) -> Values:
    """Of those active within 30 days, the share active on the last day that is over."""
    day = book.day(1)
    found = share(book.at(ACTIVE, day, 1)[()], book.at(ACTIVE, day, MONTH)[()])
    return {(): found} if found else {}


def lifecycle(book: Book, _: str | None) -> Values:
    """Persons by state on the last day that is over."""
    found = book.counts(LIFECYCLE, [book.day(1)])
    return {(state,): Estimate(found[state,], 0) for state in STATES}


def retention(book: Book, _: str | None) -> Values:
    """Of those first active so many days before the last day that is over, the share back then."""
    values: Values = {}
    for days in RETURNS:
        new = book.counts(LIFECYCLE, [book.day(1 + days)])["new",]
        found = share(book.at(RETAINED, book.day(1), days)[()], new)
        if found:
            values[str(days),] = found
    return values


def sessions(book: Book, window: str | None) -> Values:
    """Sessions that began in a window."""
    return {(): Estimate(book.counts(SESSIONS, book.panes(window or "")).total(), 0)}


def session_seconds(book: Book, window: str | None) -> Values:
    """Mean, median and 95th percentile of the length of sessions that began in a window."""
    found = book.counts(SESSIONS, book.panes(window or ""))
    total = found.total()
    if not total:
        return {}
    lengths = sorted((int(minutes), count) for (minutes,), count in found.items() if count)
    mean = sum(minutes * count for minutes, count in lengths) / total
    values: Values = {("mean",): _seconds(mean)}
    upto = list(accumulate(count for _, count in lengths))
    for name, part in QUANTILES.items():
        place = next(i for i, reached in enumerate(upto) if reached >= part * total)
        values[name,] = _seconds(lengths[place][0])
    return values


def _seconds(minutes: float) -> Estimate:
    return Estimate(minutes * MINUTE / SECOND, 0)
