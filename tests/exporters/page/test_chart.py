"""A chart stands on zero, keeps inside its frame and leaves gaps where nothing is shown."""

from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from exporters.page.chart import BOTTOM, LEFT, RIGHT, TOP, WIDTH, Level, draw

VALUES = st.none() | st.floats(-1e12, 1e12) | st.integers(0, 50)


def levels(values: list[float | None]) -> list[Level]:
    return [Level(value, complete=True, words=str(i)) for i, value in enumerate(values)]


@given(st.lists(VALUES, max_size=31))
def test_every_day_that_is_shown_lies_inside_the_frame_in_its_order(
    values: list[float | None],
) -> None:
    chart = draw(levels(values))
    assert [dot.words for dot in chart.dots] == [
        str(i) for i, value in enumerate(values) if value is not None
    ]
    assert all(LEFT < dot.x < WIDTH - RIGHT for dot in chart.dots)
    assert all(TOP - 1e-6 <= dot.y <= BOTTOM + 1e-6 for dot in chart.dots)
    assert TOP - 1e-6 <= chart.base <= BOTTOM + 1e-6
    assert [dot.x for dot in chart.dots] == sorted(dot.x for dot in chart.dots)


@given(st.lists(VALUES, max_size=31))
def test_a_larger_value_is_never_drawn_lower(values: list[float | None]) -> None:
    chart = draw(levels(values))
    shown = [value for value in values if value is not None]
    ranked = sorted(zip(shown, (-dot.y for dot in chart.dots), strict=True))
    assert all(one[1] <= other[1] + 1e-6 for one, other in pairwise(ranked))


def test_a_gap_parts_the_line_and_the_base_is_zero() -> None:
    chart = draw(levels([10, 20, None, 0, 5]), high=1, low=3)
    assert len(chart.lines) == 2
    assert all(re.fullmatch(r"M[\d. ]+L[\d. ]+V[\d.]+H[\d.]+Z", area) for area in chart.areas)
    assert (chart.dots[1].y, chart.dots[2].y, chart.base) == (TOP, BOTTOM, BOTTOM)
    assert chart.high == chart.dots[1]
    assert chart.low == chart.dots[2]


def test_an_incomplete_day_of_another_order_is_cut_off_and_says_so() -> None:
    days = [*levels([4, 8, 6]), Level(30, complete=False, words="today")]
    *others, today = draw(days).dots
    assert (today.y, today.beyond) == (TOP, True)
    assert [dot.y for dot in others if dot.beyond] == []
    assert others[1].y == TOP
    assert not draw([*levels([4, 8]), Level(20, complete=False, words="")]).dots[2].beyond


def test_a_note_covers_its_days() -> None:
    chart = draw(levels([1] * 10), notes=[(1, 0, 9), (2, 4, 4)])
    whole, one = chart.marks
    assert (whole.x, round(whole.width)) == (LEFT, WIDTH - LEFT - RIGHT)
    assert one.x < chart.dots[4].x < one.x + one.width
