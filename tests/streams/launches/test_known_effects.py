"""Of launches whose effect is known, the interval contains it, is narrow, and is no false alarm."""

from __future__ import annotations

import pytest

from benchmarks.launched import CASES, Case

SEEDS = range(100)
LEAST_HITS, MOST_FALSE, MOST_WIDTH = 90, 10, 4.0


USUAL_PER_HOUR = 50.0
"""Of these all cases are tried in each run, of fewer and more in the long one."""


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            case, id=str(case), marks=() if case.per_hour == USUAL_PER_HOUR else pytest.mark.long
        )
        for case in CASES
    ],
)
def test_the_interval_contains_the_effect_and_is_narrow(case: Case) -> None:
    found = case.judge(SEEDS)
    assert found.hits >= LEAST_HITS
    assert found.width <= MOST_WIDTH
    if case.factor == 1.0:
        assert found.said <= MOST_FALSE


def test_a_large_effect_is_seen_within_a_day() -> None:
    assert Case(1_000.0, 1.5, 24).judge(SEEDS).said >= LEAST_HITS
