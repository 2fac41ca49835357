"""Counts of whole local days, asked as those of hours are: for what lasts longer than a week."""

from bisect import bisect_right
from collections.abc import Callable, Sequence

import numpy as np

from streams.baselines.hourly import Counts
from streams.panes import DAY

HALF = DAY // 2
"""What is asked for lies within it of a midnight: an hour off where clocks have changed."""


class Daily:
    """What was counted on local days, one after the other."""

    def __init__(self, midnights: Sequence[int], counts: Counts) -> None:
        """`midnights` in milliseconds, that after the last day included."""
        self._midnights = midnights
        self._until = np.concatenate(([0.0], np.cumsum(counts)))

    def between(self, begin: int, end: int) -> float | None:
        """What was counted from one midnight to another; None where that is not known."""
        first, last = self._nearest(begin), self._nearest(end)
        if first is None or last is None:
            return None
        return float(self._until[last] - self._until[first])

    def blocks(self, end: int, length: int, count: int) -> Counts | None:
        """What was counted in so many stretches of whole days before `end`, the latest first."""
        last, step = self._nearest(end), max(1, round(length / DAY))
        if last is None or last < step * count:
            return None
        return -np.diff(self._until[last - step * count : last + 1 : step][::-1])

    def _nearest(self, time: int) -> int | None:
        """Which midnight is meant; None where it is not known."""
        place = bisect_right(self._midnights, time + HALF) - 1
        is_known = place >= 0 and abs(time - self._midnights[place]) <= HALF
        return place if is_known else None


class DailyCrowd(Daily):
    """Different people of whole local days: they do not add up, so each stretch is counted."""

    def __init__(
        self, midnights: Sequence[int], counts: Counts, people: Callable[[int, int], float]
    ) -> None:
        """`people` counts different people of the days from one place in `midnights` to another."""
        super().__init__(midnights, counts)
        self._people = people

    def between(self, begin: int, end: int) -> float | None:
        """How many different people there were; None where that is not known."""
        first, last = self._nearest(begin), self._nearest(end)
        if first is None or last is None:
            return None
        return self._people(first, last) if first < last else 0.0
