"""What is expected follows the hours of past weeks, in local time and at today's level."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.baselines.baseline import Baseline
from streams.baselines.hourly import Hourly
from streams.panes import DAY, HOUR, Calendar

PARIS = ZoneInfo("Europe/Paris")
MONDAY = datetime(2026, 6, 1, tzinfo=PARIS)
WEEK = 7 * DAY
Rate = Callable[[datetime], float]


def ms(time: datetime) -> int:
    return round(time.timestamp() * 1_000)


def busy_mornings(time: datetime) -> float:
    """A thousand an hour on weekdays from nine to noon, else a hundred."""
    return 1_000.0 if 9 <= time.hour < 12 and time.weekday() < 5 else 100.0


def baseline(rate: Rate, now: datetime, days: int = 35) -> Baseline:
    """Of what happened in the days before `now` at a rate an hour."""
    begin = ms(now) - days * DAY
    hours = [datetime.fromtimestamp((begin + n * HOUR) / 1_000, PARIS) for n in range(days * 24)]
    return Baseline(Hourly(begin, np.array([rate(hour) for hour in hours])), Calendar(PARIS))


def mean_of(held: Baseline, now: datetime, length: int = HOUR) -> float:
    found = held.expect(ms(now), ms(now) + length)
    assert found is not None
    return found.mean


@pytest.mark.parametrize(("hour", "expected"), [(9, 1_000), (10, 1_000), (11, 1_000), (15, 100)])
def test_the_same_hours_of_past_weeks_are_expected(hour: int, expected: float) -> None:
    now = MONDAY.replace(hour=hour)
    assert mean_of(baseline(busy_mornings, now), now) == pytest.approx(expected)


def test_a_monday_is_not_expected_to_be_a_sunday() -> None:
    sunday = MONDAY.replace(hour=10) - timedelta(days=1)
    assert mean_of(baseline(busy_mornings, sunday), sunday) == pytest.approx(100)


@pytest.mark.parametrize("monday", [(3, 30), (10, 26)])
def test_hours_are_those_of_the_wall_also_after_the_clocks_changed(monday: tuple[int, int]) -> None:
    for hour, expected in ((8, 100), (9, 1_000), (11, 1_000), (12, 100)):
        now = datetime(2026, *monday, hour, tzinfo=PARIS)
        assert mean_of(baseline(busy_mornings, now), now) == pytest.approx(expected, rel=0.01)


def test_growth_is_followed() -> None:
    weekly = 1.1

    def growing(time: datetime) -> float:
        return busy_mornings(time) * float(weekly ** ((ms(time) - ms(MONDAY)) / WEEK))

    now = MONDAY.replace(hour=10)
    found = mean_of(baseline(growing, now), now)
    assert found == pytest.approx(growing(now), rel=0.1)


@pytest.mark.parametrize("factor", [0.0, 5.0])
def test_one_odd_day_of_a_past_week_does_not_matter(factor: float) -> None:
    odd = (MONDAY - timedelta(days=7)).date()

    def with_a_launch_or_an_outage(time: datetime) -> float:
        return busy_mornings(time) * (factor if time.date() == odd else 1.0)

    now = MONDAY.replace(hour=10)
    assert mean_of(baseline(with_a_launch_or_an_outage, now), now) == pytest.approx(1_000, rel=0.01)


@pytest.mark.parametrize(("days", "is_known"), [(2, False), (4, True), (20, True), (35, True)])
def test_too_short_a_history_expects_nothing(days: int, *, is_known: bool) -> None:
    now = MONDAY.replace(hour=15)
    found = baseline(busy_mornings, now, days).expect(ms(now), ms(now) + HOUR)
    assert (found is not None) == is_known


def test_the_band_is_wider_while_only_days_are_known() -> None:
    now = MONDAY.replace(hour=15)
    of_days, of_weeks = (
        baseline(busy_mornings, now, days).expect(ms(now), ms(now) + HOUR) for days in (6, 35)
    )
    assert of_days is not None
    assert of_weeks is not None
    assert of_days.variance > 2 * of_weeks.variance


def test_counts_that_differ_from_week_to_week_widen_the_band() -> None:
    random = np.random.default_rng(1)
    now = MONDAY.replace(hour=15)
    calm = baseline(lambda _: float(random.poisson(1_000)), now)
    wild = baseline(lambda _: float(random.poisson(1_000 * random.lognormal(0, 0.2))), now)
    one, other = (held.expect(ms(now), ms(now) + HOUR) for held in (calm, wild))
    assert one is not None
    assert other is not None
    assert 1_000 < one.variance < 3_000
    assert other.variance == pytest.approx(1.3 * (0.2 * 1_000) ** 2, rel=0.4)


@given(st.lists(st.integers(0, 10_000), min_size=3, max_size=3), st.integers(0, 59))
def test_nothing_from_its_beginning_on_is_looked_at(counts: list[int], minute: int) -> None:
    now = MONDAY.replace(hour=10, minute=minute)
    begin, hours = ms(MONDAY.replace(hour=10)) - 36 * DAY, 36 * 24
    known = np.array([busy_mornings(MONDAY + timedelta(hours=n)) for n in range(hours)])

    def expected(after: list[int]) -> object:
        hourly = Hourly(begin, np.concatenate((known, np.array(after, np.float64))))
        return Baseline(hourly, Calendar(PARIS)).expect(ms(now), ms(now) + HOUR)

    assert expected(counts) == expected([0, 0, 0])


def test_where_nothing_ever_happens_nothing_is_expected() -> None:
    now = MONDAY.replace(hour=10)
    assert baseline(lambda _: 0.0, now).expect(ms(now), ms(now) + HOUR) is None
