"""Says at an instant whether a count is far more, or far less, than it should be.

The count of each window is judged. Short windows are quick and need many events, long ones serve
those who have few: a window takes part where at least `LEAST_EXPECTED` events are expected in it.
Besides being surprising, a change must be large enough to matter: with a million events a day
everything is surprising.
"""

from typing import NamedTuple

from streams.baselines.baseline import Baseline
from streams.panes import Grain
from streams.windows import Window

WINDOWS = (
    Window("15m", Grain.MINUTE, 15),
    Window("1h", Grain.MINUTE, 60),
    Window("6h", Grain.HOUR, 6),
    Window("24h", Grain.HOUR, 24),
)
LEAST_EXPECTED = 10.0
LIMIT = 4.5
"""The score from which on a count is surprising; see `benchmarks/bench_spikes.py`."""
LEAST_FACTOR = 1.5
"""A smaller change, up or down, wakes nobody."""


class Verdict(NamedTuple):
    """What is said of a window: between `lower` and `upper` a count is as usual."""

    window: str
    seen: float
    expected: float
    lower: float
    upper: float
    score: float

    @property
    def is_judged(self) -> bool:
        """Whether enough is expected for an alarm to rest on it."""
        return self.expected >= LEAST_EXPECTED

    @property
    def is_spike(self) -> bool:
        """Whether there is far more than there should be."""
        return self.is_judged and self.seen > self.upper

    @property
    def is_drop(self) -> bool:
        """Whether there is far less."""
        return self.is_judged and self.seen < self.lower


def judge(baseline: Baseline, window: str, begin: int, instant: int, seen: float) -> Verdict | None:
    """Judge what was counted in a window so far; None where it is not known what to expect."""
    if instant <= begin:
        return None
    expected = baseline.expect(begin, instant)
    if expected is None:
        return None
    low, high = expected.bounds(LIMIT)
    lower, upper = min(low, expected.mean / LEAST_FACTOR), max(high, expected.mean * LEAST_FACTOR)
    return Verdict(window, seen, expected.mean, lower, upper, expected.score(seen))
