"""What a count should be: the same hours of past weeks, at today's level.

Each past week gives one guess: what was counted in the same local hours, times how much busier the
last six days were than the six days that long ago (the median of six ratios, so that a launch or an
outage on one of the days does not matter). The mean is the median of the guesses. With less
than `LEAST_WEEKS` weeks the guesses are the same hours of past days, and the band is wider.

The variance is that of the count (chance, and how much such counts differ from one week to the
next) and that of the guess.
"""

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from statistics import median, median_high, median_low
from typing import Protocol

import numpy as np

from streams.baselines.hourly import Counts
from streams.baselines.surprise import Expected
from streams.panes import DAY, HOUR, SECOND, Calendar

WEEK_DAYS = 7
WEEKS = 4
LEAST_WEEKS = 2
LEAST_DAYS = 3
LEVEL_DAYS = 6
"""Of the 35 days that hours are kept, four weeks and a day's window leave six."""
MOST_GROWTH = 3.0
"""What a level may have changed in a few weeks: beyond that it is a guess at nothing."""
SPREAD_WEEKS = 3
DAY_SPREAD = 0.3
"""How much the same hours of two days differ at least, relative: Sundays are no Mondays."""
NORMAL_MAD = 1.4826
"""The standard deviation of a normal law over its median absolute deviation."""
MEDIAN_VARIANCE = {1: 1.0, 2: 0.5, 3: 0.449, 4: 0.298, 5: 0.287, 6: 0.215}
"""Variance of the median of so many draws of a normal law, over that of one."""


class Series(Protocol):
    """What is known of the past of one series; `Hourly` says what is asked."""

    def between(self, begin: int, end: int) -> float | None:
        """What there was in [begin, end), in milliseconds."""

    def blocks(self, end: int, length: int, count: int) -> Counts | None:
        """What there was in so many stretches of whole hours before `end`, the latest first."""


class Baseline:
    """Knows what to expect of one series of counts."""

    def __init__(self, hourly: Series, calendar: Calendar) -> None:
        self._hourly, self._calendar = hourly, calendar
        self._level = lru_cache(maxsize=64)(self._find_level)
        self._spread = lru_cache(maxsize=64)(self._find_spread)

    def expect(self, begin: int, end: int) -> Expected | None:
        """What should be counted in [begin, end), in milliseconds; None where too little is known.

        Nothing from `begin` on is looked at.
        """
        return self.of_weeks(begin, end) or self.of_days(begin, end)

    def of_weeks(self, begin: int, end: int) -> Expected | None:
        """What past weeks let expect."""
        hour = begin - begin % HOUR
        guesses = list(self._guess_weeks(begin, end, hour))
        if len(guesses) < LEAST_WEEKS:
            return None
        spread = self._spread_over(hour, end - begin)
        return None if spread is None else _expected(guesses, spread)

    def of_days(self, begin: int, end: int) -> Expected | None:
        """What past days let expect, which are of the week of `begin` and of other weekdays."""
        guesses = list(self._guess_days(begin, end))
        return _expected(guesses, DAY_SPREAD) if len(guesses) >= LEAST_DAYS else None

    def _guess_weeks(self, begin: int, end: int, hour: int) -> Iterator[tuple[float, float]]:
        """Guesses of past weeks, and the relative variance of each one's level."""
        first = -(-(end - begin) // (WEEK_DAYS * DAY))
        for weeks in range(first, first + WEEKS):
            days = WEEK_DAYS * weeks
            then = self._earlier(begin, end, days)
            level = self._level(hour, days)
            if then is not None and level is not None:
                yield then * level[0], level[1]

    def _guess_days(self, begin: int, end: int) -> Iterator[tuple[float, float]]:
        for days in range(1, WEEK_DAYS):
            then = self._earlier(begin, end, days)
            if then is not None:
                yield then, 0.0

    def _earlier(self, begin: int, end: int, days: int) -> float | None:
        start = self._ago(begin, days)
        until = start + end - begin
        return self._hourly.between(start, until) if until <= begin else None

    def _ago(self, time: int, days: int) -> int:
        """The same local time so many days before."""
        zone = self._calendar.zone
        local = datetime.fromtimestamp(time / SECOND, zone).replace(tzinfo=None)
        return round((local - timedelta(days=days)).replace(tzinfo=zone).timestamp() * SECOND)

    def _find_level(self, hour: int, days: int) -> tuple[float, float] | None:
        """How much more there is a day than so many days ago, and the relative variance of that."""
        now = self._hourly.blocks(hour, DAY, LEVEL_DAYS)
        then = self._hourly.blocks(hour - days * DAY, DAY, LEVEL_DAYS)
        if now is None or then is None or not (now.sum() and then.sum()):
            return None
        ratios = ((now + 1) / (then + 1)).tolist()
        ratio = median(ratios)
        chance = math.pi / 2 * (1 / now.sum() + 1 / then.sum())
        spread = NORMAL_MAD * median(abs(one / ratio - 1) for one in ratios)
        unsure = max(float(chance), MEDIAN_VARIANCE[LEVEL_DAYS] * spread**2)
        return min(max(ratio, 1 / MOST_GROWTH), MOST_GROWTH), unsure

    def _spread_over(self, hour: int, length: int) -> float | None:
        """How much counts of that length differ; what single days do averages out over several."""
        spread = self._spread(hour, min(max(HOUR, length - length % HOUR), DAY))
        return spread and spread * math.sqrt(min(1.0, DAY / length))

    def _find_spread(self, hour: int, size: int) -> float | None:
        """How much such counts differ from one week to the next beyond chance, relative."""
        week = WEEK_DAYS * DAY
        for weeks in range(SPREAD_WEEKS, 0, -1):
            count = weeks * week // size
            now = self._hourly.blocks(hour, size, count)
            then = self._hourly.blocks(hour - week, size, count)
            if now is not None and then is not None:
                return _spread_of(now, then)
        return None


def _expected(guesses: Sequence[tuple[float, float]], spread: float) -> Expected | None:
    """What guesses, with the relative variance of each one's level, come to; None for nothing."""
    known = [guess for guess, _ in guesses]
    mean = median(known)
    if mean <= 0:
        return None
    drift = median(variance for _, variance in guesses)
    differing = (spread * mean) ** 2
    guessed = MEDIAN_VARIANCE[len(guesses)] * (mean + differing)
    # Of four weeks two may have been odd: then nobody knows which of the middle two is right.
    doubt = ((median_high(known) - median_low(known)) / 2) ** 2
    return Expected(mean, mean + differing + guessed + doubt + drift * mean**2)


def _spread_of(now: Counts, then: Counts) -> float | None:
    """The relative spread in pairs of counts a week apart; None where there were none.

    Chance alone gives the scaled differences a variance of 1.
    """
    both = now + then
    known = both > 0
    if not known.any():
        return None
    level = now.sum() / then.sum() if then.sum() else 1.0
    scaled = (now - level * then)[known] / np.sqrt(both[known] * max(level, 1.0))
    excess = (NORMAL_MAD * float(np.median(np.abs(scaled)))) ** 2 - 1
    return math.sqrt(max(0.0, excess) * 2 / float(both[known].mean()))
