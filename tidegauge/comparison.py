"""Gauges against the simulator's ledger at the exported `as_of`.

Counts, sums, scores, ratios and what is said of persons over days must be equal. Distinct persons
that are estimated must equal the same sketch over the ledger's persons, made here with the sketch
library itself and none of tidegauge's aggregates.

A series that is absent counts as 0, since the exporter fills closed label sets up and the ledger
has what was ever seen. But where there may be nothing to tell, 0 would be a statement of its own:
these must be there on both sides or on neither.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import datasketches

from tidegauge.scrape import Key, Scrape
from tidegauge.simulator.ledger import Ledger

DISTINCT = ("active_users", "converting_users")
DAYS = ("today", "yesterday", "7d", "30d")
OF_ENOUGH_ANSWERS = frozenset({"csat_ratio", "csat_average"})
"""Where the ledger tells none, since there are too few answers, none may be shown."""
NOTHING_IS_NOT_ZERO = frozenset(
    {
        "stickiness_ratio",
        "retention_ratio",
        "nps_score",
        "churn_ratio",
        "plan_churn_ratio",
        "revenue_per_buyer",
        "customer_lifetime_value",
    }
)
OF_PERSONS = NOTHING_IS_NOT_ZERO | {
    "feature_users",
    "feature_adoption_ratio",
    "session_duration_seconds",
    "sessions_per_user",
    "buyers",
}
"""May have no series at all in the ledger; then the gauges must have none either."""
RELATIVE_TOLERANCE = 1e-9
"""For the last digit of a division; everything else is compared as it is."""
LOG2_SKETCH_SIZE = 12


@dataclass(frozen=True)
class Row:
    """One series: what the gauge said, what it must say, and what is true."""

    key: Key
    gauge: float
    expected: float
    truth: float

    @property
    def equal(self) -> bool:
        """Whether the gauge is right."""
        return math.isclose(self.gauge, self.expected, rel_tol=RELATIVE_TOLERANCE)


def compare(scraped: Scrape, ledger: Ledger, hash_person: Callable[[str], int]) -> list[Row]:
    """Compare every product series, those that only one side has too."""
    as_of = scraped.as_of
    truth = ledger.windows(as_of)
    expected = truth | {
        key: _sketched(ledger.persons(key[0], *_split(key), as_of), hash_person)
        for key in truth
        if key[0] in DISTINCT and not _is_exact(key)
    }
    for key in truth:
        if key[0] == "conversion_ratio":
            expected[key] = _ratio(key, expected)
        if key[0] == "sessions_per_user" and (active := expected["active_users", key[1]]):
            expected[key] = truth["windowed_sessions", key[1]] / active
    names = {name for name, _ in truth} | OF_ENOUGH_ANSWERS | OF_PERSONS
    exported = {key: value for key, value in scraped.values.items() if key[0] in names}
    return [
        Row(key, *(found.get(key, _absent(key)) for found in (exported, expected, truth)))
        for key in sorted(truth.keys() | exported.keys())
    ]


def _absent(key: Key) -> float:
    """What an absent series is compared as; NaN equals nothing."""
    return math.nan if key[0] in NOTHING_IS_NOT_ZERO else 0.0


def _is_exact(key: Key) -> bool:
    """Whether a number of people is not estimated: who was active in a window of days."""
    return key[0] == "active_users" and dict(key[1])["window"] in DAYS


def _split(key: Key) -> tuple[tuple[tuple[str, str], ...], str]:
    """Labels without the window, and the window."""
    labels = dict(key[1])
    window = labels.pop("window")
    return tuple(sorted(labels.items())), window


def _sketched(persons: set[str], hash_person: Callable[[str], int]) -> float:
    sketch = datasketches.update_theta_sketch(LOG2_SKETCH_SIZE)
    for person in persons:
        sketch.update(hash_person(person))
    union = datasketches.theta_union(LOG2_SKETCH_SIZE)
    union.update(sketch)
    return float(round(union.get_result().get_estimate()))


def _ratio(key: Key, expected: dict[Key, float]) -> float:
    _, window = _split(key)
    active = expected["active_users", (("window", window),)]
    return expected["converting_users", key[1]] / active if active else 0.0
