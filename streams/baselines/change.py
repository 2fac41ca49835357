"""How much more was seen than expected, and how sure that is."""

import math
from typing import NamedTuple

from streams.baselines.surprise import Expected

CONFIDENCE = 0.95
DEVIATIONS = 2.3
"""Half the width of an interval, in standard deviations. A normal law would have it 1.96; but how
much weeks differ is learnt from a few of them. See `tests/streams/launches/test_known_effects.py`.
"""
LEAST_SEEN = 0.5
"""Of what is seen this much is taken for the logarithm's sake where it is nothing."""


class Interval(NamedTuple):
    """A relative effect: seen / expected - 1, and what it lies between."""

    ratio: float
    lower: float
    upper: float


class Change(NamedTuple):
    """The logarithm of seen over expected, and its variance."""

    seen: float
    expected: float
    variance: float

    @classmethod
    def of(cls, seen: float, expected: Expected) -> "Change":
        """Of a count: chance is that of what is seen, the rest that of what is expected."""
        chance = 1 / max(seen, LEAST_SEEN)
        rest = (expected.variance - expected.mean) / expected.mean**2
        return cls(seen, expected.mean, chance + max(0.0, rest))

    def over(self, other: "Change") -> "Change":
        """Of a ratio of two counts; sure as if what moves both did not, so rather too wide."""
        return Change(
            self.seen / other.seen, self.expected / other.expected, self.variance + other.variance
        )

    def interval(self) -> Interval:
        """The effect, in which it lies with a confidence of 95 %."""
        ratio = self.seen / self.expected
        reach = math.exp(DEVIATIONS * math.sqrt(self.variance))
        middle = max(ratio, LEAST_SEEN / self.expected) if self.seen == 0 else ratio
        return Interval(ratio - 1, (middle / reach if self.seen else 0.0) - 1, middle * reach - 1)
