"""The public is shown no small group, nor can one be worked out from what is shown."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from exporters.page.audience import PRIVATE, Audience
from streams.figures import Figure, Figures
from streams.history import Day, Point
from streams.panes import DAY, Grain, Pane
from streams.reading import Reading
from streams.series import Pairs
from tests.exporters.page.made_up import sheet, view
from tests.exporters.published_events import new_folding

PUBLIC = Audience(("conversions",), 10)
FOLDING = new_folding()
SIZES = st.lists(st.integers(0, 40), min_size=1, max_size=12)


def figure(size: float | None) -> Figure:
    return Figure(size or 0, 0, size, size)


def rows(sizes: list[int]) -> dict[Pairs, Figure]:
    return {(("goal", str(i)),): figure(size) for i, size in enumerate(sizes)}


def point(place: int, size: int) -> Point:
    reading = Reading(0, complete={"today": True})
    pane, figures = Pane(Grain.DAY, place * DAY), Figures(FOLDING.catalogue, [])
    on = date.fromordinal(place + 1)
    day = Day(pane, on, reading, figures, over=True, final=True, begun=True)
    return Point(day, figure(size))


def hidden_sum_is_safe(sizes: list[int], hidden: frozenset[int]) -> bool:
    """Whether what the hidden ones add up to, and any one of them, stays unknown or large."""
    if not hidden or len(hidden) == len(sizes):
        return True
    return len(hidden) > 1 and sum(sizes[i] for i in hidden) >= 10


@given(SIZES)
def test_of_rows_that_add_up_to_a_known_sum_no_small_one_can_be_worked_out(
    sizes: list[int],
) -> None:
    keys = list(rows(sizes))
    hidden = frozenset(keys.index(labels) for labels in PUBLIC.hidden_rows(rows(sizes)))
    assert all(size >= 10 for i, size in enumerate(sizes) if i not in hidden)
    assert hidden_sum_is_safe(sizes, hidden)


@given(SIZES)
def test_no_more_is_hidden_than_must_be(sizes: list[int]) -> None:
    hidden = PUBLIC.hidden_rows(rows(sizes))
    small = sum(size < 10 for size in sizes)
    assert bool(hidden) == bool(small)
    assert len(hidden) <= small + 1


@given(st.lists(st.lists(st.integers(0, 40), min_size=3, max_size=3), min_size=1, max_size=4))
def test_of_two_labels_no_small_row_can_be_worked_out_from_the_sum_of_a_value(
    table: list[list[int]],
) -> None:
    # conversions_by_platform{goal,platform} beside conversions{goal}
    sizes = {(i, j): size for i, row in enumerate(table) for j, size in enumerate(row)}
    labels = {key: (("goal", str(key[0])), ("platform", str(key[1]))) for key in sizes}
    hidden = PUBLIC.hidden_rows({labels[key]: figure(size) for key, size in sizes.items()})
    for goal, row in enumerate(table):
        places = frozenset(j for j in range(3) if labels[goal, j] in hidden)
        assert all(size >= 10 for j, size in enumerate(row) if j not in places)
        assert hidden_sum_is_safe(row, places)


@given(st.lists(st.integers(0, 40), min_size=30, max_size=30))
def test_no_day_can_be_worked_out_from_a_window_that_adds_days_up(sizes: list[int]) -> None:
    hidden = PUBLIC.hidden_days([point(i, size) for i, size in enumerate(sizes)])
    assert all(size >= 10 for i, size in enumerate(sizes) if i not in hidden)
    for span in (7, 30):
        last = frozenset(i - (30 - span) for i in hidden if i >= 30 - span)
        assert hidden_sum_is_safe(sizes[-span:], last)


def test_what_is_no_group_that_is_known_is_hidden() -> None:
    assert PUBLIC.hides(figure(None))
    assert not PUBLIC.hides(figure(10))
    assert PUBLIC.hides(figure(9))
    assert not PRIVATE.hides(figure(0))


def test_those_who_run_it_see_everything() -> None:
    assert PRIVATE.hidden_rows(rows([0, 3, 100])) == frozenset()
    assert PRIVATE.hidden_days([point(0, 1)]) == frozenset()


def test_a_day_that_is_hidden_is_hidden_in_every_place() -> None:
    made = sheet(view(), Audience(("conversions", "conversion_ratio", "cancellations"), 20))
    for card in made.cards:
        for line in card.lines:
            today, yesterday = line.days[0], line.days[1]
            assert line.windows["today"].shown == today.cell.shown
            assert line.windows["yesterday"].shown == yesterday.cell.shown
            shown = sum(day.cell.shown for day in line.days)
            assert (line.chart is None) == (shown == 0)
    cancellations = made.cards[2].lines[0]
    assert any(day.cell.text == "fewer than 20" for day in cancellations.days)


def test_names_of_rows_that_are_hidden_are_not_told() -> None:
    made = sheet(view(), Audience(("feature_uses",), 10))
    (card,) = made.cards
    assert all(row.cell.shown for row in card.rows)
    assert "withheld, as fewer than 10 stand behind some" in card.rest
