"""Whether something grows: a slope that outliers do not move, and how sure that is.

Theil and Sen: the median of the slopes between all pairs of samples; the interval is Sen's, from
the variance of Kendall's S without ties.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

SIGMAS = 1.96
"""95 %."""


class Trend(NamedTuple):
    """A slope, in units of y for one of x, and the interval in which it lies."""

    slope: float
    low: float
    high: float


def trend(times: Sequence[float], values: Sequence[float]) -> Trend:
    """The slope of samples, of which there are at least three at different times."""
    x, y = np.asarray(times, float), np.asarray(values, float)
    first, second = np.triu_indices(len(x), 1)
    slopes = np.sort((y[second] - y[first]) / (x[second] - x[first]))
    n, pairs = len(x), len(slopes)
    spread = SIGMAS * math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low = max(0, int((pairs - spread) / 2) - 1)
    high = min(pairs - 1, math.ceil((pairs + spread) / 2))
    return Trend(float(np.median(slopes)), float(slopes[low]), float(slopes[high]))
