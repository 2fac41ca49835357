"""Ways of watching a count: ours, and what people do without it.

Each gets a year and says, for every `STEP` minutes, whether it would raise an alarm: 1 for a spike,
-1 for a drop, 0 for neither.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from benchmarks.year import MINUTES, WEEK_MINUTES, WEEKS_BEFORE, Minutes, Year
from streams.baselines.baseline import Baseline
from streams.baselines.hourly import Hourly
from streams.panes import MINUTE, Calendar
from streams.spikes.detector import WINDOWS, judge

STEP = 5
SINCE = WEEKS_BEFORE * WEEK_MINUTES
BEGIN = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp()) * 1_000
DEVIATIONS = 3.0

Alarms: TypeAlias = NDArray[np.int8]


def ours(year: Year) -> Alarms:
    """The detector, at the minute up to which everything has arrived."""
    calendar = Calendar(ZoneInfo("UTC"))
    hours = year.happened.reshape(-1, 60).sum(axis=1).astype(np.float64)
    baseline = Baseline(Hourly(BEGIN, hours), calendar)
    until = np.concatenate(([0], np.cumsum(year.happened)))

    def alarm(minute: int) -> int:
        instant = BEGIN + int(year.as_of[minute]) * MINUTE
        verdicts = []
        for window in WINDOWS:
            begin = [*window.panes(instant, calendar)][-1].start
            first, last = (begin - BEGIN) // MINUTE, (instant - BEGIN) // MINUTE
            count = float(until[last] - until[first])
            verdict = judge(baseline, window.name, begin, instant, count)
            if verdict is not None:
                verdicts.append(verdict)
        return any(v.is_spike for v in verdicts) - any(v.is_drop for v in verdicts)

    return np.array([alarm(minute) for minute in range(SINCE, MINUTES, STEP)], np.int8)


def fixed_threshold(year: Year) -> Alarms:
    """More an hour than ever in the first weeks, or less."""
    hourly = trailing_hour(year.arrived)
    before = hourly[60:SINCE]
    return alarms_outside(hourly, np.full(MINUTES, before.min()), np.full(MINUTES, before.max()))


def week_before(year: Year) -> Alarms:
    """PromQL's usual one: this hour beside that of a week ago, and three standard deviations."""
    hourly = trailing_hour(year.arrived)
    then = np.roll(hourly, WEEK_MINUTES)
    deviation = DEVIATIONS * _trailing_deviation(hourly)
    return alarms_outside(hourly, then - deviation, then + deviation)


WATCHERS: dict[str, Callable[[Year], Alarms]] = {
    "tidegauge": ours,
    "fixed threshold": fixed_threshold,
    "week before + 3 sd": week_before,
}


def alarms_outside(
    found: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> Alarms:
    """Of one value, and its bounds, a minute."""
    return ((found > high).astype(np.int8) - (found < low).astype(np.int8))[SINCE::STEP]


def trailing_hour(counts: Minutes) -> NDArray[np.float64]:
    """What was counted in the hour up to the end of each minute."""
    until = np.concatenate((np.zeros(60, np.int64), np.cumsum(counts)))
    return (until[60:] - until[:-60]).astype(np.float64)


def _trailing_deviation(hourly: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviation of the week before each minute."""
    padded = np.concatenate((np.zeros(WEEK_MINUTES), hourly))
    first, second = np.cumsum(padded), np.cumsum(padded**2)
    mean, square = (
        (total[WEEK_MINUTES:] - total[:-WEEK_MINUTES]) / WEEK_MINUTES for total in (first, second)
    )
    return np.sqrt(np.maximum(0.0, square - mean**2))
