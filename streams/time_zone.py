"""The reporting time zone, from the pinned tzdata package and never from the machine's own files.

Two workers with different time zone files would cut days differently.
"""

from datetime import datetime
from importlib import resources
from zoneinfo import ZoneInfo

from streams.suggestion import suggest


def load_zone(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name; ValueError with a close one when there is none."""
    parts = name.split("/")
    known = resources.files("tzdata") / "zones"
    names = known.read_text(encoding="utf-8").split()
    if name not in names:
        hint = suggest(name, names, "a name such as 'Europe/Paris' is needed")
        raise ValueError(f"no time zone {name!r}; {hint}")
    file = resources.files("tzdata").joinpath("zoneinfo", *parts)
    with file.open("rb") as opened:
        return ZoneInfo.from_file(opened, key=name)


def read_time(text: str, zone: ZoneInfo) -> datetime:
    """Return a point in time; one without an offset is of `zone`. ValueError when it is none."""
    found = datetime.fromisoformat(text)
    found = found if found.tzinfo else found.replace(tzinfo=zone)
    try:
        found.timestamp()
    except OverflowError as error:
        raise ValueError(str(error)) from error
    return found
