"""Windows: whole panes that touch each other, the last one holding the instant."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.panes import Calendar, Grain
from streams.windows import WINDOWS
from tests.streams.made_up import HOUR, MINUTE, moment

ZONES = ("UTC", "Europe/Paris", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kolkata")
CALENDARS = {zone: Calendar(ZoneInfo(zone)) for zone in ZONES}
INSTANTS = st.integers(moment("2010-01-01T00:00Z"), moment("2035-01-01T00:00Z"))


@given(st.sampled_from(ZONES), st.sampled_from(list(WINDOWS)), INSTANTS)
def test_a_window_is_panes_of_one_grain_that_touch(zone: str, name: str, instant: int) -> None:
    calendar, window = CALENDARS[zone], WINDOWS[name]
    panes = list(window.panes(instant, calendar))
    assert len(panes) == window.count
    assert {pane.grain for pane in panes} == {window.grain}
    assert [calendar.end(pane) for pane in panes[1:]] == [pane.start for pane in panes[:-1]]


@given(st.sampled_from(ZONES), st.sampled_from(list(WINDOWS)), INSTANTS)
def test_the_last_pane_holds_the_instant_except_yesterday(
    zone: str, name: str, instant: int
) -> None:
    calendar = CALENDARS[zone]
    newest = next(iter(WINDOWS[name].panes(instant, calendar)))
    if name == "yesterday":
        assert calendar.end(newest) == calendar.day_start(instant)
    else:
        assert newest.start <= instant < calendar.end(newest)


# Europe/Paris, as of Sunday 2026-03-29 15:04:30 local time (+02:00, since 01:00Z of that day)
#   minutes   15:00 01 02 03 04▲
#   days      ... 27 │ 28 │ 29 (23 hours) ▲
COVERS = [
    ("5m", "2026-03-29T15:00:00+02:00", "2026-03-29T15:05:00+02:00"),
    ("1h", "2026-03-29T14:05:00+02:00", "2026-03-29T15:05:00+02:00"),
    # 24 hours that passed, though the clock went on by 25
    ("24h", "2026-03-28T15:00:00+01:00", "2026-03-29T16:00:00+02:00"),
    ("today", "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00"),
    ("yesterday", "2026-03-28T00:00:00+01:00", "2026-03-29T00:00:00+01:00"),
    ("7d", "2026-03-23T00:00:00+01:00", "2026-03-30T00:00:00+02:00"),
    ("30d", "2026-02-28T00:00:00+01:00", "2026-03-30T00:00:00+02:00"),
]


@pytest.mark.parametrize(("name", "start", "end"), COVERS)
def test_a_window_covers_what_its_name_says(name: str, start: str, end: str) -> None:
    calendar = CALENDARS["Europe/Paris"]
    panes = list(WINDOWS[name].panes(moment("2026-03-29T15:04:30+02:00"), calendar))
    assert panes[-1].start == moment(start)
    assert calendar.end(panes[0]) == moment(end)


def test_a_window_changes_at_the_edge_of_its_panes_only() -> None:
    calendar, edge = CALENDARS["UTC"], moment("2026-03-29T15:04:00Z")
    before, after = (list(WINDOWS["5m"].panes(edge + x, calendar)) for x in (-1, 0))
    assert before[:4] == after[1:]
    assert after[0].start == edge
    assert list(WINDOWS["5m"].panes(edge + MINUTE - 1, calendar)) == after


def test_every_window_has_a_name_of_its_own_and_stays_within_what_is_kept() -> None:
    assert all(window.name == name for name, window in WINDOWS.items())
    for window in WINDOWS.values():
        reach = window.count + window.skip
        assert (
            reach
            <= {Grain.MINUTE: 2 * HOUR // MINUTE, Grain.HOUR: 35 * 24, Grain.DAY: 400}[window.grain]
        )
