"""The reporting time zone comes from the pinned tzdata, by name."""

import pytest

from streams.time_zone import load_zone


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
    with pytest.raises(ValueError, match="did you mean Europe/Paris"):
        load_zone("Europe/Pariss")
