"""Who is subscribed to what, and who of those who were is not any more.

Somebody's plan is what the last fact about it says; who changes plans is not lost.
"""

from collections.abc import Collection, Iterator, Mapping

from tidegauge.simulator.calendar import DAY_WINDOWS, Calendar
from tidegauge.simulator.exposition import in_window
from tidegauge.simulator.facts import NO_PLAN, last
from tidegauge.simulator.measure import PLANS
from tidegauge.simulator.record import Key, Told


def subscriptions(told: Collection[Told]) -> Iterator[tuple[Key, float]]:
    """Yield the subscribers of every plan, and the cancellations of people nobody knew of."""
    now = list(last(told).values())
    for plan in sorted((PLANS | {fact.label for fact in told}) - {NO_PLAN}):
        yield ("subscribers", (("plan", plan),)), now.count(plan)
    first = {person: label for _, label, person in sorted(told, reverse=True)}
    yield ("unknown_cancellations", ()), sum(label == NO_PLAN for label in first.values())


def churn(
    told: Collection[Told], declared: Collection[Told], calendar: Calendar, as_of_ms: int
) -> Iterator[tuple[Key, float]]:
    """Yield what share of the subscribers of a window's start was lost by its end.

    Nothing of a window that begins before the list of subscribers is known to be whole.
    """
    whole_from = min((calendar.day(fact.time_ms) for fact in declared), default=None)
    for window in DAY_WINDOWS:
        days = calendar.days(window, as_of_ms)
        if whole_from is not None and whole_from <= days[0]:
            before = last(fact for fact in told if calendar.day(fact.time_ms) < days[0])
            after = last(fact for fact in told if calendar.day(fact.time_ms) <= days[-1])
            yield from _churn(before, after, window)


def _churn(
    before: Mapping[str, str], after: Mapping[str, str], window: str
) -> Iterator[tuple[Key, float]]:
    subscribed = {person: plan for person, plan in before.items() if plan != NO_PLAN}
    lost = [plan for person, plan in subscribed.items() if after[person] == NO_PLAN]
    had = list(subscribed.values())
    if had:
        yield ("churn_ratio", in_window((), window)), len(lost) / len(had)
    for plan in sorted(set(had)):
        labels = in_window((("plan", plan),), window)
        yield ("plan_churn_ratio", labels), lost.count(plan) / had.count(plan)
