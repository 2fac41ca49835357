"""Intervals of shares: right as often as they say, sensible at their ends."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.launches.shares import Share, difference, share

COUNTS = st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS)
def test_a_share_lies_in_its_interval_and_that_between_0_and_1(count: tuple[int, int]) -> None:
    found = share(*count)
    assert found is not None
    assert 0 <= found.lower <= found.value <= found.upper <= 1
    assert found.lower < found.upper


@given(COUNTS)
def test_those_who_did_and_those_who_did_not_mirror_each_other(count: tuple[int, int]) -> None:
    part, whole = count
    found, mirrored = share(part, whole), share(whole - part, whole)
    assert found is not None
    assert mirrored is not None
    assert math.isclose(found.lower, 1 - mirrored.upper, abs_tol=1e-12)


@given(COUNTS, COUNTS)
def test_a_difference_is_turned_round_with_its_sides(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    first, second = share(*one), share(*other)
    assert first is not None
    assert second is not None
    there, back = difference(first, second), difference(second, first)
    assert -1 <= there.lower <= there.value <= there.upper <= 1
    assert math.isclose(there.lower, -back.upper, abs_tol=1e-12)


def test_of_nobody_there_is_no_share() -> None:
    assert share(0, 0) is None


def test_the_intervals_are_those_of_the_literature() -> None:
    """Newcombe 1998: 81 of 263 (table I), and 56 of 70 less 48 of 80 (table II, method 10)."""
    found = share(81, 263)
    assert found is not None
    assert found == pytest.approx(Share(0.3080, 0.2553, 0.3662), abs=1e-4)
    one, other = share(56, 70), share(48, 80)
    assert one is not None
    assert other is not None
    assert difference(one, other) == pytest.approx(Share(0.2, 0.0524, 0.3339), abs=1e-4)


@pytest.mark.parametrize(("people", "chance", "lift"), [(30, 0.1, 0.1), (400, 0.05, 0.0)])
def test_the_truth_is_inside_about_as_often_as_promised(
    people: int, chance: float, lift: float
) -> None:
    rng, inside, tries = random.Random(5), 0, 1_000
    for _ in range(tries):
        one, other = (
            share(sum(rng.random() < p for _ in range(people)), people)
            for p in (chance + lift, chance)
        )
        assert one is not None
        assert other is not None
        found = difference(one, other)
        inside += found.lower <= lift <= found.upper
    assert 0.93 * tries <= inside <= 0.985 * tries
