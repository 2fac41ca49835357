"""Panes: every minute in exactly one pane of each grain, also where clocks are set."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.panes import GRACE, LIFETIME, NO_WATERMARK, Calendar, Grain, Pane
from tests.streams.made_up import DAY, HOUR, MINUTE, moment

ZONES = (
    "UTC",
    "Europe/Paris",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Havana",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Africa/Monrovia",
)
CALENDARS = {zone: Calendar(ZoneInfo(zone)) for zone in ZONES}
MINUTES = st.integers(moment("2010-01-01T00:00Z") // MINUTE, moment("2035-01-01T00:00Z") // MINUTE)

# zone, local day, start of the day, start of the next one (UTC), what is odd about it
DAYS = [
    # 23:00Z ── 29 March ── 22:00Z      02:00 does not exist: 23 hours
    ("Europe/Paris", "2026-03-29", "2026-03-28T23:00Z", "2026-03-29T22:00Z"),
    # 22:00Z ── 25 October ── 23:00Z    02:00 comes twice: 25 hours
    ("Europe/Paris", "2026-10-25", "2026-10-24T22:00Z", "2026-10-25T23:00Z"),
    ("America/New_York", "2026-03-08", "2026-03-08T05:00Z", "2026-03-09T04:00Z"),
    ("America/New_York", "2026-11-01", "2026-11-01T04:00Z", "2026-11-02T05:00Z"),
    # the clock goes half an hour: 23.5 and 24.5 hours
    ("Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30Z", "2026-10-04T13:00Z"),
    ("Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00Z", "2026-04-05T13:30Z"),
    # days begin in the middle of a UTC hour
    ("Asia/Kolkata", "2026-03-01", "2026-02-28T18:30Z", "2026-03-01T18:30Z"),
    ("Asia/Kathmandu", "2026-03-01", "2026-02-28T18:15Z", "2026-03-01T18:15Z"),
    # midnight does not exist: the day begins at 01:00 and has 23 hours
    ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00Z", "2018-11-05T02:00Z"),
    # at midnight the clock goes back to 23:00 of the same day: 25 hours
    ("America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00Z", "2018-02-18T03:00Z"),
    # midnight comes twice, both on the day that begins with the first
    ("America/Havana", "2026-11-01", "2026-11-01T04:00Z", "2026-11-02T05:00Z"),
    # 29 December is followed by the 31st
    ("Pacific/Apia", "2011-12-29", "2011-12-29T10:00Z", "2011-12-30T10:00Z"),
    ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00Z", "2011-12-31T10:00Z"),
    ("Africa/Monrovia", "2026-03-01", "2026-03-01T00:00Z", "2026-03-02T00:00Z"),
]


@pytest.mark.parametrize(("zone", "day", "start", "end"), DAYS)
def test_a_local_day_begins_and_ends_with_the_calendar(
    zone: str, day: str, start: str, end: str
) -> None:
    calendar = CALENDARS[zone]
    pane = Pane(Grain.DAY, moment(start))
    assert calendar.end(pane) == moment(end)
    for minute in range(moment(start), moment(end), MINUTE):
        assert calendar.day_start(minute) == moment(start)
        assert calendar.local_date(minute).isoformat() == day
    assert calendar.day_start(moment(start) - MINUTE) < moment(start)
    assert calendar.day_start(moment(end)) == moment(end)


@given(st.sampled_from(ZONES), MINUTES)
def test_every_minute_lies_in_exactly_one_pane_of_each_grain(zone: str, minute: int) -> None:
    calendar, time = CALENDARS[zone], minute * MINUTE
    panes = calendar.panes(time)
    assert [pane.grain for pane in panes] == list(Grain)
    for pane in panes:
        assert pane is LIFETIME or pane.start <= time
        assert time + MINUTE <= calendar.end(pane)
    # ── day ──┤◀ this minute's day ▶├── day ──   no other day pane holds it
    day = panes[2]
    before = calendar.day_start(day.start - 1)
    assert calendar.end(Pane(Grain.DAY, before)) == day.start
    assert calendar.day_start(calendar.end(day)) == calendar.end(day)


@given(st.sampled_from(ZONES), MINUTES)
def test_a_minutes_day_is_its_calendar_day(zone: str, minute: int) -> None:
    calendar, time = CALENDARS[zone], minute * MINUTE
    local = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time)
    assert calendar.local_date(time) == local.astimezone(ZoneInfo(zone)).date()
    assert calendar.local_date(calendar.day_start(time)) == calendar.local_date(time)


@given(st.sampled_from(ZONES), MINUTES, st.integers(1, 40))
def test_days_back_touch_each_other(zone: str, minute: int, count: int) -> None:
    calendar = CALENDARS[zone]
    days = list(calendar.days_back(minute * MINUTE, count))
    assert len(days) == len(set(days)) == count
    assert days[0].start == calendar.day_start(minute * MINUTE)
    assert [calendar.end(day) for day in days[1:]] == [day.start for day in days[:-1]]


def test_a_day_that_does_not_exist_is_not_counted_as_one() -> None:
    #  28th │ 29th │ 31st │ 1st     Samoa skipped 30 December 2011
    days = list(CALENDARS["Pacific/Apia"].days_back(moment("2012-01-01T00:00+14:00"), 4))
    starts = ["2011-12-31T10:00Z", "2011-12-30T10:00Z", "2011-12-29T10:00Z", "2011-12-28T10:00Z"]
    assert [day.start for day in days] == [moment(start) for start in starts]


@given(st.sampled_from(list(Grain)[:3]), st.integers(-(10**8), 10**8).map(lambda x: x * MINUTE))
def test_the_text_of_a_pane_reads_back(grain: Grain, start: int) -> None:
    assert Pane.parse(str(Pane(grain, start))) == Pane(grain, start)
    assert Pane.parse(str(LIFETIME)) == LIFETIME


@pytest.mark.parametrize(
    "text", ["", "minute", "week/0", "minute/x", "minute/007", "day/9999999999999999", "manifest"]
)
def test_other_texts_are_no_panes(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Pane.parse(text)


KEEPS = [
    (Grain.MINUTE, MINUTE, 2 * HOUR),
    (Grain.HOUR, HOUR, 35 * DAY),
    (Grain.DAY, DAY, 400 * DAY),
]


@pytest.mark.parametrize(("grain", "size", "keep"), KEEPS)
def test_a_pane_is_kept_until_its_end_is_so_far_behind(grain: Grain, size: int, keep: int) -> None:
    # ├ pane ┤············ keep ············│ watermark: gone
    calendar, start = CALENDARS["UTC"], moment("2026-03-01T00:00Z")
    pane = Pane(grain, start)
    assert calendar.is_kept(pane, start + size + keep - 1)
    assert not calendar.is_kept(pane, start + size + keep)
    assert calendar.is_kept(pane, NO_WATERMARK)
    assert calendar.is_kept(LIFETIME, 1 << 61)


@pytest.mark.parametrize(("grain", "size"), [row[:2] for row in KEEPS])
def test_a_pane_is_final_once_records_in_it_would_be_late(grain: Grain, size: int) -> None:
    # ├ pane ┤······ grace ······│ watermark: final
    calendar, start = CALENDARS["UTC"], moment("2026-03-01T00:00Z")
    assert not calendar.is_final(Pane(grain, start), start + size + GRACE - 1)
    assert calendar.is_final(Pane(grain, start), start + size + GRACE)
    assert not calendar.is_final(Pane(grain, start), NO_WATERMARK)
    assert not calendar.is_final(LIFETIME, 1 << 61)
