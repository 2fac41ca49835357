"""The reporting time zone comes from the pinned tzdata, by name."""

from datetime import UTC

import pytest

from streams.time_zone import load_zone, read_time


@pytest.mark.parametrize("name", ["UTC", "Europe/Paris", "America/Argentina/Buenos_Aires"])
def test_zones_are_found_by_name(name: str) -> None:
    assert load_zone(name).key == name


@pytest.mark.parametrize(
    "name", ["", "Europe", "Paris", "../../etc/passwd", "/etc/localtime", "UTC+1"]
)
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        load_zone(name)


def test_a_close_name_is_told() -> None:
    with pytest.raises(ValueError, match="did you mean 'Europe/Paris'"):
        load_zone("Europe/Pariss")


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-07-01", "2026-06-30T22:00:00+00:00"),
        ("2026-07-01 08:30", "2026-07-01T06:30:00+00:00"),
        ("2026-07-01T08:30Z", "2026-07-01T08:30:00+00:00"),
        ("2026-07-01T08:30-03:00", "2026-07-01T11:30:00+00:00"),
        ("2026-03-29T02:30", "2026-03-29T01:30:00+00:00"),  # left out by the clocks
        ("2026-10-25T02:30", "2026-10-25T00:30:00+00:00"),  # shown twice by them
    ],
)
def test_a_time_without_an_offset_is_of_the_zone(text: str, utc: str) -> None:
    found = read_time(text, load_zone("Europe/Paris"))
    assert found.astimezone(UTC).isoformat() == utc


@pytest.mark.parametrize("text", ["", "soon", "08:30", "2026-13-01", "1767225600", "01/02/2026"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_time(text, load_zone("Europe/Paris"))


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31", "0001-01-01T00:00+23:59"])
def test_a_time_far_away_is_a_time(text: str) -> None:
    for zone in ("Asia/Kathmandu", "America/New_York"):
        assert read_time(text, load_zone(zone)).timestamp()
