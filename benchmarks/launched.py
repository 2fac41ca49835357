"""A made-up business in which at one hour something changes all counts by a known factor.

Days and weeks have their shape, business grows by half a year, days and hours differ beyond chance.
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from statistics import median
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from streams.baselines.baseline import Baseline
from streams.baselines.change import Change, Interval
from streams.baselines.daily import Daily
from streams.baselines.hourly import Hourly
from streams.panes import DAY, HOUR, Calendar

BEGIN = round(datetime(2026, 1, 5, tzinfo=UTC).timestamp() * 1_000)
CALENDAR = Calendar(ZoneInfo("UTC"))
DAYS, DAY_HOURS, WEEK_HOURS = 80, 24, 168
WEEKDAYS = np.array((1.1, 1.05, 1.0, 1.0, 1.05, 0.75, 0.7))
GROWTH_A_YEAR = 0.5
DAY_NOISE, HOUR_NOISE = 0.06, 0.05
KEPT_HOURS = 35 * DAY_HOURS
"""Of these the launch takes its own: what is looked at before it is the rest."""
WEEKS = 4
NORMAL = 1.96


class Case(NamedTuple):
    """Events an hour, what the launch changes that by, and for how many hours it has gone on."""

    per_hour: float
    factor: float
    hours: int

    @property
    def is_by_day(self) -> bool:
        """Whether whole days are compared, as of a launch of more than a week."""
        return self.hours > WEEK_HOURS

    def judge(self, seeds: Sequence[int]) -> "Judged":
        """Measure such a launch once a seed."""
        found = [measured(self, seed) for seed in seeds]
        hits = sum(one.lower <= self.factor - 1 <= one.upper for one in found)
        said = sum(not one.lower <= 0 <= one.upper for one in found)
        width = median(one.upper - one.lower for one in found)
        return Judged(hits, said, width / median(ideal_width(self, seed) for seed in seeds))


class Judged(NamedTuple):
    """How often the interval contained the effect, and how often an effect was said.

    `width` is the median width of the interval beside that of the ideal one.
    """

    hits: int
    said: int
    width: float


CASES = [
    Case(per_hour, factor, hours)
    for per_hour in (5.0, 50.0, 1_000.0)
    for factor in (1.0, 1.2, 0.8)
    for hours in (3, 24, 72, 144, 240)
]


def shape(per_hour: float) -> NDArray[np.float64]:
    """What is to happen in each hour if nothing odd does."""
    hours = np.arange(DAYS * DAY_HOURS)
    of_day = 1 + 0.8 * np.sin((hours % DAY_HOURS / DAY_HOURS - 0.375) * 2 * np.pi)
    growth = 1 + GROWTH_A_YEAR * hours / (365 * DAY_HOURS)
    return np.asarray(per_hour * of_day * WEEKDAYS[hours // DAY_HOURS % 7] * growth, np.float64)


def start_of(case: Case, seed: int) -> int:
    """The hour at which the launch begins: any, or a midnight where days are compared."""
    day, hour = 50 + seed % 7, seed * 5 % DAY_HOURS
    return day * DAY_HOURS + (0 if case.is_by_day else hour)


def measured(case: Case, seed: int) -> Interval:
    """What is said of such a launch."""
    random, start = np.random.default_rng(seed), start_of(case, seed)
    rate = shape(case.per_hour)
    rate *= np.repeat(np.exp(random.normal(0, DAY_NOISE, DAYS)), DAY_HOURS)
    rate *= np.exp(random.normal(0, HOUR_NOISE, len(rate)))
    rate[start:] *= case.factor
    counts = random.poisson(rate).astype(np.float64)
    seen = float(counts[start : start + case.hours].sum())
    begin = BEGIN + start * HOUR
    past: Hourly | Daily
    if case.is_by_day:
        days = counts.reshape(-1, DAY_HOURS).sum(axis=1)[: start // DAY_HOURS]
        past = Daily([BEGIN + day * DAY for day in range(len(days) + 1)], days)
    else:
        first = start + case.hours - KEPT_HOURS
        past = Hourly(BEGIN + first * HOUR, counts[first:start])
    expected = Baseline(past, CALENDAR).expect(begin, begin + case.hours * HOUR)
    if expected is None:
        raise RuntimeError("the past of a simulated launch is too short")
    return Change.of(seen, expected).interval()


def ideal_width(case: Case, seed: int) -> float:
    """Width of the two-sample interval of one who knows the law by which counts differ.

    It compares the hours of the launch with the mean of four weeks without trend.
    """
    start = start_of(case, seed)
    hours = shape(case.per_hour)[start : start + case.hours]
    days = np.add.reduceat(hours, np.arange(0, len(hours), DAY_HOURS))
    noise = DAY_NOISE**2 * (days**2).sum() + HOUR_NOISE**2 * (hours**2).sum()

    def relative(factor: float) -> float:
        return float(1 / (hours.sum() * factor) + noise / hours.sum() ** 2)

    return 2 * NORMAL * case.factor * math.sqrt(relative(case.factor) + relative(1.0) / WEEKS)
