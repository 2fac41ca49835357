"""A year of one made-up count, minute by minute, with all that makes alerts go wrong.

Days and weeks have their shape, business grows by four fifths, days and hours differ beyond
chance, on eight launch days a quarter more happens. After six weeks a spike or a drop is put into
each week. Every second week the pipeline stands still for half an hour and then catches up:
what happened arrives late, though it happened when it did.
"""

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

DAY_MINUTES, WEEK_MINUTES = 1_440, 10_080
MINUTES = 365 * DAY_MINUTES
WEEKS_BEFORE = 6
FACTORS = (1 / 3, 1 / 2, 2 / 3, 1.5, 2.0, 3.0)
HOURS = (1, 2, 4, 6)
WEEKDAYS = (1.1, 1.05, 1.0, 1.0, 1.05, 0.75, 0.7)
LAUNCH, LAUNCHES = 1.25, 8
DAY_NOISE, HOUR_NOISE = 0.06, 0.05
OUTAGE_MINUTES, CATCH_UP_MINUTES = 30, 5

Minutes: TypeAlias = NDArray[np.int64]


class Injection(NamedTuple):
    """From minute `begin` to `end` everything happens `factor` times as often."""

    begin: int
    end: int
    factor: float


class Year(NamedTuple):
    """What happened and what was seen of it, one entry a minute."""

    happened: Minutes
    as_of: Minutes
    """The minute up to which all that happened had arrived."""
    injections: list[Injection]
    outages: list[int]
    """The minutes in which the pipeline stopped."""

    @property
    def arrived(self) -> Minutes:
        """What came in, by the minute in which it came."""
        until = np.concatenate(([0], np.cumsum(self.happened)))[self.as_of + 1]
        return np.diff(until, prepend=0)


def simulate(per_hour: float, seed: int) -> Year:
    """A year with so many events an hour at its beginning."""
    random = np.random.default_rng(seed)
    minutes = np.arange(MINUTES)
    days, of_day = np.divmod(minutes, DAY_MINUTES)
    rate = per_hour / 60 * (1 + 0.8 * np.sin((of_day / DAY_MINUTES - 0.375) * 2 * np.pi))
    rate *= np.array(WEEKDAYS)[days % 7] * (1 + 0.8 * minutes / MINUTES)
    rate *= np.exp(random.normal(0, DAY_NOISE, 365))[days]
    rate *= np.exp(random.normal(0, HOUR_NOISE, 365 * 24))[minutes // 60]
    rate[np.isin(days, random.choice(365, LAUNCHES, replace=False))] *= LAUNCH
    weeks = range(WEEKS_BEFORE, MINUTES // WEEK_MINUTES)
    injections = [_inject(week, random) for week in weeks]
    for begin, end, factor in injections:
        rate[begin:end] *= factor
    happened = random.poisson(rate)
    # On the last day of a week, on which nothing is injected.
    outages = [
        (week + 1) * WEEK_MINUTES - int(random.integers(60, DAY_MINUTES)) for week in weeks[::2]
    ]
    as_of = minutes.copy()
    for stop in outages:
        as_of[stop : stop + OUTAGE_MINUTES] = stop - 1
        again = np.linspace(stop, stop + OUTAGE_MINUTES + CATCH_UP_MINUTES, CATCH_UP_MINUTES)
        as_of[stop + OUTAGE_MINUTES :][:CATCH_UP_MINUTES] = again[:CATCH_UP_MINUTES] - 1
    return Year(happened, as_of, injections, outages)


def _inject(week: int, random: np.random.Generator) -> Injection:
    begin = week * WEEK_MINUTES + int(random.integers(5 * DAY_MINUTES))
    return Injection(begin, begin + 60 * int(random.choice(HOURS)), float(random.choice(FACTORS)))
