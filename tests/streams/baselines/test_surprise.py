"""The score is close to how unlikely a count is by the exact law, also for a handful of events."""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.baselines.surprise import Expected

MEANS = st.floats(0.5, 1e6)
EXCESS = st.floats(1.0, 50.0)
HALF = 0.5
"""A count stands for all numbers that are rounded to it."""


def tail(count: int, mean: float, variance: float) -> float:
    """Probability of so many or more, term by term."""

    def log_of(k: int) -> float:
        if variance == mean:
            return k * math.log(mean) - mean - math.lgamma(k + 1)
        size = mean**2 / (variance - mean)
        chance = mean / variance
        return (
            math.lgamma(k + size)
            - math.lgamma(size)
            - math.lgamma(k + 1)
            + size * math.log(chance)
            + k * math.log1p(-chance)
        )

    return math.fsum(math.exp(log_of(k)) for k in range(count, count + 3_000))


@pytest.mark.parametrize(
    ("count", "mean", "variance"),
    [(26, 10, 10), (5, 0.5, 0.5), (130, 80, 80), (40, 10, 20), (300, 100, 900), (70, 60, 60)],
)
def test_the_score_says_how_unlikely_a_count_is(count: int, mean: float, variance: float) -> None:
    exact = tail(count, mean, variance)
    found = 1 - NormalDist().cdf(Expected(mean, variance).score(count - HALF))
    assert exact / 2.5 < found < exact * 2.5


@given(MEANS, EXCESS, st.floats(0, 3), st.floats(0.001, 3))
def test_it_is_nothing_at_the_mean_and_rises_with_the_count(
    mean: float, excess: float, factor: float, more: float
) -> None:
    expected = Expected(mean, mean * excess)
    assert expected.score(mean) == pytest.approx(0, abs=1e-3)
    lower, higher = expected.score(factor * mean), expected.score((factor + more) * mean)
    assert lower <= higher + 1e-3


@given(MEANS, EXCESS, st.floats(1.0, 8.0))
def test_a_count_at_a_bound_is_just_as_surprising_as_the_limit(
    mean: float, excess: float, limit: float
) -> None:
    expected = Expected(mean, mean * excess)
    low, high = expected.bounds(limit)
    assert expected.score(high) == pytest.approx(limit, abs=0.01)
    assert low < mean < high
    assert low == 0 or expected.score(low) == pytest.approx(-limit, abs=0.01)


@given(st.floats(10, 1e5), st.floats(1.2, 4), EXCESS)
def test_the_more_such_counts_vary_the_less_one_surprises(
    mean: float, factor: float, excess: float
) -> None:
    calm, wild = Expected(mean, mean), Expected(mean, mean * (excess + 0.01))
    assert wild.score(factor * mean) < calm.score(factor * mean)
    assert wild.score(mean / factor) > calm.score(mean / factor)
