"""The judge of the soak: it tells what grows from what only moves."""

import random

from hypothesis import given
from hypothesis import strategies as st

from tests.integration.trend import trend

MOMENTS = [float(i) for i in range(60)]


def noisy(slope: float, seed: int) -> list[float]:
    """A line with noise, and a sixth of it far off, as memory is while a scrape is made."""
    rng = random.Random(seed)
    return [slope * t + rng.gauss(0, 1) + rng.choice((0, 0, 0, 0, 0, 30)) for t in MOMENTS]


@given(st.floats(-5, 5), st.integers(0, 1 << 32))
def test_the_slope_of_a_noisy_line_is_found_within_its_interval(slope: float, seed: int) -> None:
    found = trend(MOMENTS, noisy(slope, seed))
    assert found.low <= found.slope <= found.high
    assert abs(found.slope - slope) < 0.25


def test_a_line_has_its_slope_and_no_doubt() -> None:
    assert trend(MOMENTS, [3 * t + 1 for t in MOMENTS]) == (3, 3, 3)


def test_growth_is_told_from_standing_still() -> None:
    assert all(trend(MOMENTS, noisy(0.5, seed)).low > 0 for seed in range(40))
    still = [trend(MOMENTS, noisy(0, seed)) for seed in range(40)]
    assert sum(found.low <= 0 <= found.high for found in still) >= 34  # 38 are to be expected
