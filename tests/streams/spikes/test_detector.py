"""An alarm is raised for what is surprising and matters, and for nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from streams.baselines.baseline import Baseline
from streams.baselines.hourly import Hourly
from streams.panes import DAY, HOUR, MINUTE, Calendar
from streams.spikes.detector import WINDOWS, Verdict, judge

CALENDAR = Calendar(ZoneInfo("UTC"))
NOW = round(datetime(2026, 6, 1, 10, 40, tzinfo=UTC).timestamp() * 1_000)


def verdicts(per_hour: float, factor: float, minutes: int = 40) -> list[Verdict]:
    """Of a steady business, in which for some minutes `factor` times as much has happened."""
    begin = NOW - NOW % HOUR - 36 * DAY
    counts = np.random.default_rng(1).poisson(per_hour, 36 * 24).astype(np.float64)
    baseline = Baseline(Hourly(begin, counts), CALENDAR)
    found = []
    for window in WINDOWS:
        start = [*window.panes(NOW, CALENDAR)][-1].start
        seen = per_hour * (NOW - start + (factor - 1) * minutes * MINUTE) / HOUR
        if minutes * MINUTE > NOW - start:
            seen = per_hour * factor * (NOW - start) / HOUR
        verdict = judge(baseline, window.name, start, NOW, round(seen))
        assert verdict is not None
        found.append(verdict)
    return found


@pytest.mark.parametrize("per_hour", [100, 1_000, 100_000])
def test_three_times_as_many_are_seen_in_the_shortest_window(per_hour: float) -> None:
    found = verdicts(per_hour, 3.0)
    assert found[0].window == "15m"
    assert found[0].is_spike
    assert not any(verdict.is_drop for verdict in found)


@pytest.mark.parametrize("per_hour", [400, 1_000, 100_000])
def test_a_third_as_many_are_seen_as_a_drop(per_hour: float) -> None:
    found = verdicts(per_hour, 1 / 3)
    assert any(verdict.is_drop for verdict in found)
    assert not any(verdict.is_spike for verdict in found)


@pytest.mark.parametrize("per_hour", [1, 10, 100, 1_000, 100_000])
def test_a_usual_day_raises_no_alarm(per_hour: float) -> None:
    found = verdicts(per_hour, 1.0)
    assert not any(verdict.is_spike or verdict.is_drop for verdict in found)


def test_five_where_two_are_usual_wake_nobody() -> None:
    found = verdicts(2, 2.5, minutes=60)
    assert not found[0].is_judged
    assert not any(verdict.is_spike for verdict in found)


def test_few_events_are_judged_by_the_longer_windows() -> None:
    judged = [verdict.window for verdict in verdicts(2.5, 1.0) if verdict.is_judged]
    assert judged == ["6h", "24h"]


def test_a_tenth_more_of_a_million_is_surprising_and_does_not_matter() -> None:
    found = verdicts(1_000_000, 1.1, minutes=24 * 60)
    assert min(verdict.score for verdict in found) > 10
    assert not any(verdict.is_spike for verdict in found)


def test_between_the_bounds_lies_at_least_what_is_too_small_a_change_to_matter() -> None:
    for verdict in verdicts(100, 3.0):
        assert verdict.lower <= verdict.expected / 1.5
        assert verdict.upper >= verdict.expected * 1.5


def test_a_window_that_has_just_begun_says_nothing() -> None:
    baseline = Baseline(Hourly(0, np.ones(1)), CALENDAR)
    assert judge(baseline, "15m", NOW, NOW, 0) is None
