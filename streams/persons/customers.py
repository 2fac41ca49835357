"""Measures of customers: what they use, say, buy and subscribe to, and whether they stay."""

from collections import Counter

from streams.aggregates import Estimate
from streams.panes import Pane
from streams.persons.book import Book, Values, exactly, share
from streams.persons.health import BANDS, SCORED
from streams.persons.marked import MONTH
from streams.persons.names import (
    BOUGHT,
    BUYERS,
    DECLARED,
    HEALTH,
    LEFT,
    LOST,
    NPS,
    SUBSCRIBED,
    UNKNOWN,
    USED,
)
from streams.routing import Labels

PROMOTER, PASSIVE, DETRACTOR = "promoter", "passive", "detractor"
LEAST_PROMOTER, LEAST_PASSIVE = 9, 7
LEAST_ANSWERS = 10
"""Answers below which there is no net promoter score: one would move it too far."""
LEAST_LOSS = 0.01
"""Who loses nobody would have customers of endless value."""
REVENUE = "revenue"


def feature_users(book: Book, window: str | None) -> Values:
    """Persons who used a feature in a window."""
    return exactly(book.within(USED, window or ""))


def nps_responses(book: Book, window: str | None) -> Values:
    """Persons by the class of their last answer in a window."""
    found: Counter[str] = Counter()
    for (score,), count in book.within(NPS, window or "").items():
        found[_class_of(int(score))] += count
    return {(name,): Estimate(found[name], 0) for name in (PROMOTER, PASSIVE, DETRACTOR)}


def _class_of(score: int) -> str:
    if score >= LEAST_PROMOTER:
        return PROMOTER
    return PASSIVE if score >= LEAST_PASSIVE else DETRACTOR


def nps_score(book: Book, window: str | None) -> Values:
    """Percentage of promoters less that of detractors."""
    found = {name: value for (name,), (value, _) in nps_responses(book, window).items()}
    total = sum(found.values())
    if total < LEAST_ANSWERS:
        return {}
    return {(): Estimate(100 * (found[PROMOTER] - found[DETRACTOR]) / total, 0)}


def subscribers(book: Book, _: str | None) -> Values:
    """Persons who are subscribed, by plan."""
    return exactly(book.by_now(SUBSCRIBED))


def unknown_cancellations(book: Book, _: str | None) -> Values:
    """Persons who cancelled what nobody knows they had."""
    return {(): Estimate(book.ever(UNKNOWN)[()], 0)}


def plan_churn(book: Book, window: str | None) -> Values:
    """Of the subscribers of a plan at the beginning of a window, the share lost at its end."""
    values: Values = {}
    lost = book.within(LOST, window or "")
    for plan, count in _at_the_beginning(book, window or "").items():
        found = share(lost[plan], count)
        if found:
            values[plan] = found
    return values


def churn(book: Book, window: str | None) -> Values:
    """The same of all plans together."""
    lost = book.within(LOST, window or "").total()
    found = share(lost, _at_the_beginning(book, window or "").total())
    return {(): found} if found else {}


def _at_the_beginning(book: Book, window: str) -> Counter[Labels]:
    """Subscribers by plan when a window began; none when it is not known who was one."""
    first = book.panes(window)[-1]
    if not _is_declared(book, first):
        return Counter()
    count = book.ever(SUBSCRIBED)
    count.subtract(book.counts(SUBSCRIBED, book.days_from(first)))
    return count


def _is_declared(book: Book, first: Pane) -> bool:
    """Whether somebody has said who was subscribed on a day, or on one before."""
    later = [day for day in book.days_from(first) if day != first]
    return book.ever(DECLARED).total() > book.counts(DECLARED, later).total()


def buyers(book: Book, _: str | None) -> Values:
    """Persons who ever bought, by currency."""
    return exactly(book.ever(BUYERS))


def lifetime_value(book: Book, _: str | None) -> Values:
    """What a buyer of 30 days brings in, over the share of buyers who did not come back."""
    values: Values = {}
    bought, before = (book.at(BOUGHT, book.day(back), MONTH) for back in (1, 1 + MONTH))
    left = book.counts(LEFT, [book.day(1)])
    for currency, spent in book.counted(REVENUE, book.month(1)).items():
        each, loss = share(spent, bought[currency]), share(left[currency], before[currency])
        if each and loss:
            values[currency] = Estimate(each.value / max(loss.value, LEAST_LOSS), 0)
    return values


def health(book: Book, _: str | None) -> Values:
    """Customers by band at the beginning of the day."""
    found = book.counts(HEALTH, [book.day(0)])
    if found[SCORED,] < book.shards:
        return {}
    return {(band,): Estimate(found[band,], 0) for band in BANDS}
