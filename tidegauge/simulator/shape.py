"""When things happen: more by day than by night, more on weekdays than at the weekend.

`spread` is exact in number: it gives as many times as asked for, in order, in `[start, end)`.
"""

import bisect
import itertools
import random
from datetime import datetime
from zoneinfo import ZoneInfo

HOUR_MS = 3_600_000
# Relative traffic of the hours of a local day, 0 to 23.
DAILY_SHAPE = (
    *(0.45, 0.38, 0.33, 0.30, 0.32, 0.40, 0.60, 0.85, 1.10, 1.30, 1.40, 1.40),
    *(1.30, 1.30, 1.38, 1.38, 1.30, 1.20, 1.15, 1.20, 1.30, 1.25, 0.95, 0.65),
)
WEEKEND_FACTOR = 0.7
SATURDAY = 5


def weight(time_ms: int, timezone: ZoneInfo) -> float:
    """Return the relative traffic at that moment; 1 is about the average."""
    local = datetime.fromtimestamp(time_ms / 1000, timezone)
    return DAILY_SHAPE[local.hour] * (WEEKEND_FACTOR if local.weekday() >= SATURDAY else 1)


def spread(
    start_ms: int, end_ms: int, count: int, timezone: ZoneInfo, rng: random.Random
) -> list[int]:
    """Draw `count` times in order, dense where the shape is high."""
    bounds = [*range(start_ms, end_ms, HOUR_MS), end_ms]
    areas = [weight(a, timezone) * (b - a) for a, b in itertools.pairwise(bounds)]
    sums = [0.0, *itertools.accumulate(areas)]
    return [
        _place(sums, bounds, at) for at in sorted(rng.random() * sums[-1] for _ in range(count))
    ]


def _place(sums: list[float], bounds: list[int], at: float) -> int:
    slot = min(bisect.bisect(sums, at), len(sums) - 1) - 1
    share = (at - sums[slot]) / (sums[slot + 1] - sums[slot])
    inside = bounds[slot] + int(share * (bounds[slot + 1] - bounds[slot]))
    return min(inside, bounds[slot + 1] - 1)
