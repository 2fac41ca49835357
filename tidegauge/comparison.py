"""Gauges against the simulator's ledger at the exported `as_of`.

Counts, sums, scores and ratios must be equal. Distinct persons must equal the same sketch over the
ledger's persons, made here with the sketch library itself and none of tidegauge's aggregates.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import datasketches

from tidegauge.scrape import Key, Scrape
from tidegauge.simulator.ledger import Ledger

DISTINCT = ("active_users", "converting_users")
OF_ENOUGH_ANSWERS = frozenset({"csat_ratio", "csat_average"})
"""Where the ledger tells none, since there are too few answers, none may be shown."""
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
    """Compare every product series; one that is absent counts as 0, on either side."""
    as_of = scraped.as_of
    truth = ledger.windows(as_of)
    expected = truth | {
        key: _sketched(ledger.persons(key[0], *_split(key), as_of), hash_person)
        for key in truth
        if key[0] in DISTINCT
    }
    for key in truth:
        if key[0] == "conversion_ratio":
            expected[key] = _ratio(key, expected)
    names = {name for name, _ in truth} | OF_ENOUGH_ANSWERS
    exported = {key: value for key, value in scraped.values.items() if key[0] in names}
    return [
        Row(key, exported.get(key, 0.0), expected.get(key, 0.0), truth.get(key, 0.0))
        for key in sorted(truth.keys() | exported.keys())
    ]


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
