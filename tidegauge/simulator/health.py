"""How healthy the relation to each customer is: version 1 of the score, 0 to 100 points.

As of the start of the day, from the days before it alone. Recency gives up to 30
points, frequency 25, breadth 15, answers 20, payments 10.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet

from tidegauge.simulator.calendar import Calendar
from tidegauge.simulator.facts import (
    BOUGHT,
    CSAT,
    FAILED,
    NO_PLAN,
    NPS,
    PAYMENT,
    SUBSCRIPTION,
    USED,
    last,
)
from tidegauge.simulator.record import Key, Told

BANDS = ("healthy", "watch", "at_risk")
HEALTHY, WATCH = 70, 40
LATELY_DAYS = 30
ANSWER_DAYS = 90
"""Counted like the 30: back from the day, which itself does not count."""


def health(
    told: Mapping[str, Collection[Told]],
    active: Mapping[int, AbstractSet[str]],
    calendar: Calendar,
    as_of_ms: int,
) -> Iterator[tuple[Key, float]]:
    """Yield how many customers are in each band; `active` by day's number."""
    view = _View(told, active, calendar, calendar.day(as_of_ms))
    bands = Counter(_band(view.score(person)) for person in view.customers)
    for band in BANDS:
        yield ("customer_health_customers", (("band", band),)), bands[band]


class _View:
    """What is known of everybody at the start of a day."""

    def __init__(
        self,
        told: Mapping[str, Collection[Told]],
        active: Mapping[int, AbstractSet[str]],
        calendar: Calendar,
        day: int,
    ) -> None:
        self._day = day
        lately = range(day - LATELY_DAYS, day)
        quarter = range(day - ANSWER_DAYS, day)

        def of(name: str, days: range) -> Iterator[Told]:
            return (fact for fact in told[name] if calendar.day(fact.time_ms) in days)

        plans = last(of(SUBSCRIPTION, range(day)))
        subscribed = {person for person, plan in plans.items() if plan != NO_PLAN}
        self.customers = subscribed | {fact.person for fact in of(BOUGHT, lately)}
        self._active = {number: active.get(number, frozenset()) for number in lately}
        self._used = Counter(
            person for person, _ in {(fact.person, fact.label) for fact in of(USED, lately)}
        )
        self._nps, self._csat = last(of(NPS, quarter)), last(of(CSAT, quarter))
        self._payments = last(of(PAYMENT, quarter))

    def score(self, person: str) -> int:
        """Return the points of one customer."""
        days = [number for number, people in self._active.items() if person in people]
        recency = 30 - (self._day - 1 - max(days)) if days else 0
        frequency = min(25, 2 * len(days))
        breadth = min(15, 3 * self._used[person])
        payments = 0 if self._payments.get(person) == FAILED else 10
        return recency + frequency + breadth + self._answers(person) + payments

    def _answers(self, person: str) -> int:
        points = []
        if person in self._nps:
            points.append(2 * int(self._nps[person]))
        if person in self._csat:
            points.append(5 * (int(self._csat[person]) - 1))
        return sum(points) // len(points) if points else 10


def _band(score: int) -> str:
    return "healthy" if score >= HEALTHY else "watch" if score >= WATCH else "at_risk"
