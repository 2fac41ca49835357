"""People are counted over stretches of hours, and never added up."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.baselines.crowd import Crowd
from streams.baselines.hourly import Hourly
from streams.panes import HOUR, MINUTE

BEGIN = 1_767_571_200_000
HOURS = 48


def crowd(seed: int = 1, a_minute: int = 2, people: int = 300) -> tuple[Crowd, list[set[int]]]:
    """Of people who come at random minutes; and who came in each."""
    rng = random.Random(seed)
    came = [{rng.randrange(people) for _ in range(a_minute)} for _ in range(HOURS * 60)]

    def of(begin: int, end: int) -> float:
        return len(set().union(*came[(begin - BEGIN) // MINUTE : (end - BEGIN) // MINUTE]))

    hours = [of(BEGIN + n * HOUR, BEGIN + (n + 1) * HOUR) for n in range(HOURS)]
    return Crowd(Hourly(BEGIN, np.array(hours)), of), came


@given(st.integers(0, HOURS), st.integers(1, 24))
def test_whole_hours_are_exact(first: int, count: int) -> None:
    held, came = crowd()
    begin, end = BEGIN + first * HOUR, BEGIN + (first + count) * HOUR
    found = held.between(begin, end)
    if first + count > HOURS:
        assert found is None
    else:
        assert found == len(set().union(*came[first * 60 : (first + count) * 60]))


@pytest.mark.parametrize("minutes", [59, 60, 5 * 60 + 20, 6 * 60, 23 * 60 + 1])
@pytest.mark.parametrize("start", [10 * 60, 10 * 60 + 17])
def test_other_stretches_lie_close_to_the_truth(start: int, minutes: int) -> None:
    held, came = crowd()
    found = held.between(BEGIN + start * MINUTE, BEGIN + (start + minutes) * MINUTE)
    truth = len(set().union(*came[start : start + minutes]))
    assert found == pytest.approx(truth, rel=0.1)


def test_of_less_than_an_hour_and_of_what_lies_outside_nothing_is_known() -> None:
    held, _ = crowd()
    assert held.between(BEGIN, BEGIN + 15 * MINUTE) is None
    assert held.between(BEGIN - HOUR, BEGIN + HOUR) is None


def test_how_busy_days_were_is_told_by_the_people_of_each_hour() -> None:
    held, came = crowd()
    found = held.blocks(BEGIN + 30 * HOUR, 2 * HOUR, 1)
    assert found is not None
    hours = [len(set().union(*came[n * 60 : n * 60 + 60])) for n in (28, 29)]
    assert found.tolist() == [sum(hours)]
