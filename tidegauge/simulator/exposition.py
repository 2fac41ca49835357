"""From true counts and persons to the values that every exported series should have.

Names come without the prefix. A ratio whose denominator is zero is left out, as is what fewer than
10 answers would tell; every other series seen at least once in the lifetime is there for every
window, also with the value 0.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

from tidegauge.simulator.measure import key
from tidegauge.simulator.record import Key, Labels

Series = dict[Key, float]
MICROS = 1_000_000
SCORES = frozenset({"csat"})
"""Counted by score; what is exported of them is made of these counts."""
FEWEST_ANSWERS = 10
# Labels of the counters that their windowed form does not have.
DROPPED = {"cancellations": frozenset({"reason"})}


def totals(counts: Mapping[Key, int]) -> Iterator[tuple[Key, float]]:
    """Yield the counters from the lifetime's counts."""
    for (metric, labels), amount in counts.items():
        if metric not in SCORES:
            yield (f"{metric}_total", labels), _exported(metric, amount)


def windowed(counts: Mapping[Key, int], window: str) -> Iterator[tuple[Key, float]]:
    """Yield the windowed counts."""
    projected: dict[Key, int] = {}
    for (metric, labels), amount in counts.items():
        if metric in SCORES:
            continue
        kept = tuple(pair for pair in labels if pair[0] not in DROPPED.get(metric, ()))
        projected[metric, kept] = projected.get((metric, kept), 0) + amount
    for (metric, labels), amount in projected.items():
        yield (f"windowed_{metric}", in_window(labels, window)), _exported(metric, amount)


def distinct(persons: Mapping[Key, AbstractSet[str]], window: str) -> Iterator[tuple[Key, float]]:
    """Yield the numbers of distinct persons."""
    for (metric, labels), people in persons.items():
        yield (metric, in_window(labels, window)), len(people)


def ratios(
    counts: Mapping[Key, int], persons: Mapping[Key, AbstractSet[str]], window: str
) -> Iterator[tuple[Key, float]]:
    """Yield converting persons per active person and conversions per interaction."""
    active = len(persons.get(key("active_users"), ()))
    interactions = counts.get(key("interactions"), 0)
    for (metric, labels), people in persons.items():
        if metric == "converting_users" and active:
            yield ("conversion_ratio", in_window(labels, window)), len(people) / active
    for (metric, labels), amount in counts.items():
        if metric == "conversions" and interactions:
            ratio = amount / interactions
            yield ("conversions_per_interaction", in_window(labels, window)), ratio


def scores(counts: Mapping[Key, int], window: str) -> Iterator[tuple[Key, float]]:
    """Yield share of 4 and 5, mean and number of the answers; the number alone when it is small."""
    answers = [
        (int(dict(labels)["score"]), amount)
        for (metric, labels), amount in counts.items()
        if metric == "csat"
    ]
    if not answers:
        return
    number = sum(amount for _, amount in answers)
    where = in_window((), window)
    yield ("csat_responses", where), number
    if number >= FEWEST_ANSWERS:
        satisfied = sum(amount for score, amount in answers if score in {4, 5})
        yield ("csat_ratio", where), satisfied / number
        yield ("csat_average", where), sum(score * amount for score, amount in answers) / number


def in_window(labels: Labels, window: str) -> Labels:
    """Add the window to the labels, sorted."""
    return tuple(sorted((*labels, ("window", window))))


def _exported(metric: str, amount: int) -> float:
    return amount / MICROS if metric == "revenue" else amount
