"""Who bought, and what a customer is worth: per currency, never converted.

The lifetime value is what a buyer of the 30 days that end with the last day that is over spent in
them, for as long as buyers stay: the inverse of the share of the buyers of the 30 days before who
did not buy again.
"""

from collections.abc import Collection, Iterator, Mapping

from tidegauge.simulator.calendar import Calendar
from tidegauge.simulator.exposition import MICROS
from tidegauge.simulator.measure import key
from tidegauge.simulator.record import Key, Told

PERIOD_DAYS = 30
SMALLEST_LOSS = 0.01
Revenue = Mapping[int, Mapping[Key, int]]
"""Start of each pane -> counts in it, money in micro-units."""


def customers(
    told: Collection[Told], panes: Revenue, calendar: Calendar, as_of_ms: int
) -> Iterator[tuple[Key, float]]:
    """Yield buyers, revenue per buyer and lifetime value; `panes` are of local days."""
    for currency in sorted({fact.label for fact in told}):
        labels = (("currency", currency),)
        taken = {
            calendar.day(start): counts.get(key("revenue", currency=currency), 0) / MICROS
            for start, counts in panes.items()
        }
        bought: dict[int, set[str]] = {}
        for time_ms, label, person in told:
            if label == currency:
                bought.setdefault(calendar.day(time_ms), set()).add(person)
        buyers = len(set().union(*bought.values()))
        yield ("buyers", labels), buyers
        yield ("revenue_per_buyer", labels), sum(taken.values()) / buyers
        value = _lifetime_value(bought, taken, calendar.day(as_of_ms))
        if value is not None:
            yield ("customer_lifetime_value", labels), value


def _lifetime_value(
    bought: Mapping[int, set[str]], taken: Mapping[int, float], today: int
) -> float | None:
    period = range(today - PERIOD_DAYS, today)
    earlier = range(today - 2 * PERIOD_DAYS, today - PERIOD_DAYS)
    now = set().union(*(bought.get(day, ()) for day in period))
    before = set().union(*(bought.get(day, ()) for day in earlier))
    if not now or not before:
        return None
    loss = len(before - now) / len(before)
    spent = sum(taken.get(day, 0) for day in period) / len(now)
    return spent / max(loss, SMALLEST_LOSS)
