"""How ready people are to recommend the product, by the last answer of each in a window."""

from collections import Counter
from collections.abc import Collection, Iterator

from tidegauge.simulator.calendar import DAY_WINDOWS, Calendar
from tidegauge.simulator.exposition import FEWEST_ANSWERS, in_window
from tidegauge.simulator.facts import last
from tidegauge.simulator.record import Key, Told

CLASSES = ("promoter", "passive", "detractor")
PROMOTER, PASSIVE = 9, 7
"""The lowest scores of these classes."""


def answers(
    told: Collection[Told], calendar: Calendar, as_of_ms: int
) -> Iterator[tuple[Key, float]]:
    """Yield how many of each class answered, and the score where enough did."""
    for window in DAY_WINDOWS:
        days = calendar.days(window, as_of_ms)
        held = last(answer for answer in told if calendar.day(answer.time_ms) in days)
        found = Counter(_class_of(int(score)) for score in held.values())
        for name in CLASSES:
            yield ("nps_responses", in_window((("class", name),), window)), found[name]
        if found.total() >= FEWEST_ANSWERS:
            score = 100 * (found["promoter"] - found["detractor"]) / found.total()
            yield ("nps_score", in_window((), window)), score


def _class_of(score: int) -> str:
    return "promoter" if score >= PROMOTER else "passive" if score >= PASSIVE else "detractor"
