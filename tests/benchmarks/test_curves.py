"""What a curve is, when it keeps its bounds, and what the page says of it."""

import json

import pytest

from benchmarks.costs.backfill import POINTS, points_of
from benchmarks.costs.chart import draw
from benchmarks.costs.curve import Bound, Curve
from benchmarks.costs.page import CURVES, DEPLOYMENT, NOTHING, PAGE, page, read
from benchmarks.moment import Moment
from benchmarks.recorded_page import END, made_anew

SLOWER = Curve(
    name="slower",
    title="Slower with load",
    x="load_percent",
    points=[
        {"load_percent": 50, "p99_seconds": 1.5, "lag_records": 0},
        {"load_percent": 90, "p99_seconds": 3.25},
    ],
    drawn=["p99_seconds"],
    bounds=[Bound("p99_seconds", most=2, at=50)],
    words="Two cores.",
)
RECORD = {
    "machine": {"processors": 2, "model": "", "system": "Linux", "python": "3.11"},
    "curves": {"slower": SLOWER.figures() | {"scale": 1}},
}
BLANK = f"# By hand\n{DEPLOYMENT}\n{END}\n{CURVES}\nwas there\n{END}\nAlso by hand.\n"


@pytest.mark.parametrize(
    ("bound", "is_kept"),
    [
        (Bound("p99_seconds", most=2, at=50), True),
        (Bound("p99_seconds", most=2), False),
        (Bound("p99_seconds", least=1.5), True),
        (Bound("p99_seconds", least=1.6, most=4), False),
        (Bound("p99_seconds", most=9, at=70), False),
    ],
)
def test_a_bound_is_kept_where_it_is_asked_and_was_measured(bound: Bound, *, is_kept: bool) -> None:
    assert bound.is_kept(SLOWER.x, SLOWER.points) is is_kept


def test_a_curve_that_was_written_down_is_the_same_one() -> None:
    assert Curve.of(json.loads(json.dumps(SLOWER.figures()))) == SLOWER


def test_the_page_has_a_row_for_each_point_and_says_whether_the_bound_is_kept() -> None:
    told = page(BLANK, RECORD)
    assert "| load percent | p99 seconds | lag records |" in told
    assert "| 50 | 1.5 | 0 |\n| 90 | 3.25 |  |" in told
    assert "Bound: p99 seconds at most 2 at 50 load percent; kept." in told
    assert told.startswith("# By hand\n")
    assert told.endswith("Also by hand.\n")
    assert "was there" not in told
    assert page(told, RECORD) == told


def test_a_curve_of_a_part_of_its_size_says_so() -> None:
    told = page(BLANK, RECORD | {"curves": {"slower": SLOWER.figures() | {"scale": 0.5}}})
    assert "Two cores. Measured at 0.5 of its size." in told


def test_without_a_run_the_page_says_so() -> None:
    assert NOTHING in page(BLANK, {"machine": {}, "curves": {}})


def test_the_page_says_what_was_recorded() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page(text, read()) == text, "run python -m benchmarks.costs.page"


def test_a_page_without_the_mark_is_refused() -> None:
    with pytest.raises(ValueError, match="no mark"):
        made_anew("# By hand", CURVES, [])


def test_the_chart_draws_what_it_is_told_to_and_the_bound() -> None:
    told = draw([SLOWER])
    assert "Slower with load" in told
    assert told.count("<path") == 3  # the axis, the line and the bound
    assert "lag records" not in told


def moment(seconds: float, folded: int) -> Moment:
    return Moment(seconds, {"0": folded}, seconds / 2, 0, 5 << 20)


def test_a_backlog_is_told_in_stretches_from_its_first_record_to_its_last() -> None:
    points = points_of([moment(0.5 * i, 1_000 * max(0, i - 3)) for i in range(103)])
    assert len(points) <= POINTS
    assert {point["events_per_second"] for point in points} == {2_000}
    assert {point["events_per_cpu_second"] for point in points} == {4_000}
    assert points[-1]["read_millions"] == 0.099
    assert points[0]["worker_megabytes"] == 5
