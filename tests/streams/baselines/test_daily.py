"""Counts of local days answer as those of hours do, whatever clocks do meanwhile."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.baselines.baseline import Baseline
from streams.baselines.daily import Daily, DailyCrowd
from streams.panes import DAY, HOUR, Calendar

PARIS = ZoneInfo("Europe/Paris")
FIRST = date(2026, 3, 1)
DAYS = 60
"""Clocks go forward on 29 March."""
WEEKEND = 5


def midnight(day: int) -> int:
    local = datetime.combine(FIRST + timedelta(days=day), datetime.min.time(), PARIS)
    return round(local.timestamp() * 1_000)


MIDNIGHTS = [midnight(day) for day in range(DAYS + 1)]
WEEKLY = np.array(
    [100.0 if (FIRST + timedelta(days=day)).weekday() < WEEKEND else 20.0 for day in range(DAYS)]
)
SPANS = st.tuples(st.integers(0, DAYS), st.integers(0, DAYS)).map(sorted)


@given(SPANS)
def test_whole_days_are_exact(span: list[int]) -> None:
    first, last = span
    found = Daily(MIDNIGHTS, WEEKLY).between(midnight(first), midnight(last))
    assert found == WEEKLY[first:last].sum()


@given(st.integers(8, DAYS), st.integers(-1, 1))
def test_a_midnight_that_clocks_moved_by_an_hour_is_meant_all_the_same(
    day: int, hours: int
) -> None:
    held = Daily(MIDNIGHTS, WEEKLY)
    found = held.blocks(midnight(day) + hours * HOUR, 7 * DAY, 1)
    assert found is not None
    assert found.tolist() == [WEEKLY[day - 7 : day].sum()]


def test_a_day_of_23_hours_is_one_day() -> None:
    day = (date(2026, 3, 29) - FIRST).days
    assert midnight(day + 1) - midnight(day) == 23 * HOUR
    held = Daily(MIDNIGHTS, WEEKLY)
    assert held.between(midnight(day), midnight(day + 1)) == WEEKLY[day]
    found = Baseline(held, Calendar(PARIS)).expect(midnight(day), midnight(day + 1))
    assert found is not None
    assert found.mean == pytest.approx(WEEKLY[day])


def test_what_lies_outside_is_not_known() -> None:
    held = Daily(MIDNIGHTS, WEEKLY)
    assert held.between(midnight(-1), midnight(3)) is None
    assert held.between(midnight(3), midnight(DAYS + 1)) is None
    assert held.blocks(midnight(6), DAY, 7) is None
    assert Daily([], np.array([])).blocks(midnight(6), DAY, 1) is None


@pytest.mark.parametrize("length", [1, 3, 7, 10])
def test_days_of_the_week_are_expected_to_be_alike_also_after_the_clocks_changed(
    length: int,
) -> None:
    begin = (date(2026, 4, 6) - FIRST).days  # a Monday, a week after
    found = Baseline(Daily(MIDNIGHTS, WEEKLY), Calendar(PARIS)).expect(
        midnight(begin), midnight(begin + length)
    )
    assert found is not None
    assert found.mean == pytest.approx(WEEKLY[begin : begin + length].sum())


def test_people_of_several_days_are_counted_and_not_added_up() -> None:
    people = [{day % 5, 7} for day in range(DAYS)]
    held = DailyCrowd(MIDNIGHTS, WEEKLY, lambda a, b: len(set().union(*people[a:b])))
    assert held.between(midnight(3), midnight(6)) == len({3, 4, 0, 7})
    assert held.between(midnight(3), midnight(3)) == 0
    assert held.between(midnight(3), midnight(DAYS + 1)) is None
