"""How surprising a count is beside what was expected, in standard deviations of a normal law.

Counts are taken to follow a negative binomial law, which is Poisson's where the variance is the
mean: business counts vary more than chance alone would have it. The score is the signed root of
the deviance, which is close to normal also for a handful of events, where the usual (count - mean)
/ deviation would cry wolf (McCullagh and Nelder, Generalized Linear Models, 2nd ed., 2.4.3).
"""

import math
from typing import NamedTuple

HALVINGS = 40
LARGEST_FACTOR = 64.0


class Expected(NamedTuple):
    """What a count should be: its mean, and the variance of the count around that."""

    mean: float
    variance: float

    @property
    def _size(self) -> float:
        """The second parameter of the negative binomial law; infinite for Poisson's."""
        excess = self.variance - self.mean
        return self.mean**2 / excess if excess > 0 else math.inf

    def score(self, count: float) -> float:
        """How far a count is from the mean; negative below it. Needs a mean above 0."""
        mean, size = self.mean, self._size
        deviance = count * math.log(count / mean) if count > 0 else 0.0
        if math.isinf(size):
            deviance -= count - mean
        else:
            deviance -= (count + size) * math.log((count + size) / (mean + size))
        return math.copysign(math.sqrt(2 * max(0.0, deviance)), count - mean)

    def bounds(self, limit: float) -> tuple[float, float]:
        """The counts at which the score is -limit (0 where even none is not that low) and limit."""
        low = 0.0
        if self.score(0.0) < -limit:
            low = self._where(-limit, 0.0, self.mean)
        reach = self.mean + LARGEST_FACTOR * limit * math.sqrt(self.variance) + LARGEST_FACTOR
        return low, self._where(limit, self.mean, reach)

    def _where(self, score: float, low: float, high: float) -> float:
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            low, high = (low, middle) if self.score(middle) > score else (middle, high)
        return (low + high) / 2
