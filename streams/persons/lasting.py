"""What facts of which the last one holds come to in the sheets."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from streams.panes import Calendar
from streams.persons.entries import NONE, NOTHING_CODE, History
from streams.persons.labels import Codes
from streams.persons.names import DECLARED, LOST, NPS, SPANS, SUBSCRIBED, SUBSCRIPTION, UNKNOWN
from streams.persons.population import Flags, Times
from streams.routing import Labels

REACH = 31
"""So many days, from its own on, a fact has a part in what is counted of days."""


class Days:
    """Local days by their numbers, in order, and when they and those around them begin."""

    def __init__(self, numbers: Sequence[int], calendar: Calendar) -> None:
        self.numbers, self._calendar = numbers, calendar

    def start(self, ahead: int = 0) -> Times:
        """When the days begin that lie so many days ahead, or back."""
        found = [self._calendar.day_of_number(number + ahead).start for number in self.numbers]
        return np.array(found, np.int64)


class Count(NamedTuple):
    """What is counted, under which labels after the fact's own."""

    name: str
    labels: Labels
    codes: Codes
    """The label of each person, a column each; a row a day, or one of the lifetime."""
    flags: Flags
    """Who counts."""
    amount: int = 1


def _answers(history: History, days: Days) -> Iterator[Count]:
    """Persons by their last answer within some days."""
    codes, since = history.before(days.start(1))
    for span in SPANS:
        yield Count(NPS, (str(span),), codes, since >= days.start(1 - span)[:, None])


def _subscriptions(history: History, days: Days) -> Iterator[Count]:
    """How many more, and who is lost."""
    now = history.before(days.start(1)).codes
    yield Count(SUBSCRIBED, (), now, now > NOTHING_CODE)
    before = history.before(days.start()).codes
    yield Count(SUBSCRIBED, (), before, before > NOTHING_CODE, -1)
    for span in SPANS:
        was = history.before(days.start(1 - span)).codes
        yield Count(LOST, (str(span),), was, (was > NOTHING_CODE) & (now == NOTHING_CODE))


def _subscribed(history: History) -> Iterator[Count]:
    """Of the lifetime."""
    now, first = history.latest().codes, history.earliest().codes
    yield Count(SUBSCRIBED, (), now, now > NOTHING_CODE)
    yield Count(UNKNOWN, (), first, first == NOTHING_CODE)


def _declared(history: History, days: Days) -> Iterator[Count]:
    codes, since = history.earliest()
    is_of = (since >= days.start()[:, None]) & (since < days.start(1)[:, None])
    yield Count(DECLARED, (), np.broadcast_to(codes, is_of.shape), is_of)


def _ever_declared(history: History) -> Iterator[Count]:
    codes = history.earliest().codes
    yield Count(DECLARED, (), codes, codes > NONE)


OF_DAYS: dict[str, Callable[[History, Days], Iterator[Count]]] = {
    NPS: _answers,
    SUBSCRIPTION: _subscriptions,
    DECLARED: _declared,
}
OF_LIFETIME: dict[str, Callable[[History], Iterator[Count]]] = {
    SUBSCRIPTION: _subscribed,
    DECLARED: _ever_declared,
}
