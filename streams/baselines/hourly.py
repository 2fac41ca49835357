"""Counts of whole hours, asked for any stretch of time."""

from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from streams.panes import HOUR

Counts: TypeAlias = NDArray[np.float64]


class Hourly:
    """What was counted from the hour `begin` on; within an hour it rises or falls smoothly."""

    def __init__(self, begin: int, counts: Counts) -> None:
        """`begin` in milliseconds, the start of an hour; `counts` one an hour, without a gap."""
        self.begin, self.end = begin, begin + len(counts) * HOUR
        self._until = np.concatenate(([0.0], np.cumsum(counts)))
        """What was counted before each hour."""
        self._known: list[float] = self._until.tolist()
        """The same; numpy is slow with single numbers."""

    def between(self, begin: int, end: int) -> float | None:
        """What was counted in [begin, end), in milliseconds; None where that is not known."""
        if begin < self.begin or end > self.end:
            return None
        return self._before(end) - self._before(begin)

    def _before(self, time: int) -> float:
        hour, rest = divmod(time - self.begin, HOUR)
        before = self._known[hour]
        if not rest:
            return before
        part, count = rest / HOUR, self._known[hour + 1] - before
        begin, end = self._rate(hour), self._rate(hour + 1)
        cubic = (begin + end - 2 * count) * part + 3 * count - 2 * begin - end
        return before + (cubic * part + begin) * part

    def _rate(self, hour: int) -> float:
        """Events an hour at the beginning of an hour: between those of the hours around it.

        At most three times the smaller one, so that nothing counts below zero (Fritsch and Carlson,
        Monotone Piecewise Cubic Interpolation, 1980).
        """
        known = self._known[max(0, hour - 1) : hour + 2]
        around = [after - before for before, after in pairwise(known)]
        return min(sum(around) / len(around), 3 * min(around))

    def blocks(self, end: int, length: int, count: int) -> Counts | None:
        """What was counted in so many stretches of whole hours before `end`, the latest first.

        `end` is rounded down to an hour. None where they reach back too far.
        """
        last, step = (end - self.begin) // HOUR, length // HOUR
        first = last - step * count
        if first < 0 or last >= len(self._until):
            return None
        return -np.diff(self._until[first : last + 1 : step][::-1])
