"""How much more was seen than expected, and how sure that is."""

import math
from typing import NamedTuple

from streams.baselines.surprise import Expected

DEVIATIONS = 2.6
"""Half the width of an interval of 95 %, in standard deviations. A normal law would have it 1.96;
but how much weeks differ is learnt from a few of them. See `benchmarks/bench_launches.py`."""
LEAST_SEEN = 0.5
"""Taken for what is seen where that is nothing, which has no logarithm."""


class Interval(NamedTuple):
    """A relative effect: seen / expected - 1, and what it lies between."""

    ratio: float
    lower: float
    upper: float


class Change(NamedTuple):
    """What was seen beside what was expected."""

    seen: float
    expected: float
    middle: float
    """Seen over expected, above 0."""
    variance: float
    """That of its logarithm."""

    @classmethod
    def of(cls, seen: float, expected: Expected, error: float = 0.0) -> "Change":
        """Of a count: chance is that of what is seen, the rest that of what is expected.

        `error` is the standard error of what is seen, where that is an estimate; what is expected
        is one of the same kind then.
        """
        least = max(seen, LEAST_SEEN)
        rest = (expected.variance - expected.mean) / expected.mean**2
        variance = 1 / least + max(0.0, rest) + 2 * (error / least) ** 2
        return cls(seen, expected.mean, least / expected.mean, variance)

    def over(self, other: "Change") -> "Change":
        """Of a ratio of two counts; as unsure as if nothing moved both, so rather too wide."""
        return Change(
            self.seen / other.seen,
            self.expected / other.expected,
            self.middle / other.middle,
            self.variance + other.variance,
        )

    def interval(self) -> Interval:
        """The effect, in which it lies with a confidence of 95 %."""
        reach = math.exp(DEVIATIONS * math.sqrt(self.variance))
        lower = self.middle / reach if self.seen else 0.0
        return Interval(self.seen / self.expected - 1, lower - 1, self.middle * reach - 1)
