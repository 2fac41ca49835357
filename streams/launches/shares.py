"""How sure a share is, and a difference of two: 95 % intervals that are right for few people too.

Wilson's score interval, and Newcombe's of two of them (Newcombe, Statistics in Medicine 17, 1998,
methods 3 and 10). Neither leaves 0 to 1, or -1 to 1, or is empty where nobody or everybody did it.
"""

import math
from typing import NamedTuple

Z = 1.959963984540054
"""Standard deviations of a normal law between which 95 % lie."""


class Share(NamedTuple):
    """A share, and the ends of its interval."""

    value: float
    lower: float
    upper: float


def share(part: int, whole: int) -> Share | None:
    """The share of `part` in `whole`; None of nothing."""
    if whole <= 0:
        return None
    value = part / whole
    middle = value + Z**2 / (2 * whole)
    reach = Z * math.sqrt(value * (1 - value) / whole + (Z / (2 * whole)) ** 2)
    scale = 1 + Z**2 / whole
    lower, upper = (middle - reach) / scale, (middle + reach) / scale
    return Share(value, max(0.0, min(value, lower)), min(1.0, max(value, upper)))


def difference(one: Share, other: Share) -> Share:
    """By how much one share is larger than the other."""
    value = one.value - other.value
    down = math.hypot(one.value - one.lower, other.upper - other.value)
    up = math.hypot(one.upper - one.value, other.value - other.lower)
    return Share(value, value - down, value + up)
