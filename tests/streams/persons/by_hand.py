"""What the activity of persons comes to, recounted with sets: shares no code with `streams`."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

Sheet = dict[str, dict[tuple[str, ...], int]]


class Minute(NamedTuple):
    """A person was active in a minute, counted since the epoch."""

    person: int
    minute: int


def sheets(seen: Iterable[Minute], zone: ZoneInfo) -> dict[str, Sheet]:
    """Sheets by the name of their pane."""
    found: dict[str, Counter[tuple[str, tuple[str, ...]]]] = {}
    seen = set(seen)
    for pane, name, label in [*_days(seen, zone), *_sessions(seen, zone)]:
        found.setdefault(pane, Counter())[name, (label,)] += 1
    return {pane: _by_name(counts) for pane, counts in found.items()}


def _by_name(counts: Counter[tuple[str, tuple[str, ...]]]) -> Sheet:
    sheet: Sheet = {}
    for (name, labels), count in counts.items():
        sheet.setdefault(name, {})[labels] = count
    return sheet


def _date(minute: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(minute * 60, zone).date()


def _pane(day: date, zone: ZoneInfo) -> str:
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    return f"day/{round(midnight.timestamp()) * 1000}"


def _days(seen: set[Minute], zone: ZoneInfo) -> Iterable[tuple[str, str, str]]:
    days: dict[int, set[date]] = {}
    for person, minute in seen:
        days.setdefault(person, set()).add(_date(minute, zone))
    for active in days.values():
        first, last = min(active), max(active)
        for number in range((last - first).days + 30):
            yield from (
                (_pane(day, zone), name, label)
                for day in [first + timedelta(number)]
                for name, label in _of_a_day(active, day, first)
            )


def _of_a_day(active: set[date], day: date, first: date) -> Iterable[tuple[str, str]]:
    def was_active(back: int) -> bool:
        return day - timedelta(back) in active

    for span in (1, 7, 30):
        if any(was_active(back) for back in range(span)):
            yield "active", str(span)
    if was_active(0):
        came = "new" if day == first else "returning" if was_active(1) else "resurrecting"
        yield "lifecycle", came
        if (day - first).days in (1, 7, 30):
            yield "retained", str((day - first).days)
    elif was_active(1):
        yield "lifecycle", "dormant"


def _sessions(seen: set[Minute], zone: ZoneInfo) -> Iterable[tuple[str, str, str]]:
    for person in {one.person for one in seen}:
        minutes = sorted(one.minute for one in seen if one.person == person)
        begin = previous = minutes[0]
        for minute in [*minutes[1:], 1 << 60]:
            if minute - previous >= 30:
                length = str(previous - begin)
                yield f"minute/{begin * 60_000}", "sessions", length
                yield f"hour/{begin // 60 * 3_600_000}", "sessions", length
                yield _pane(_date(begin, zone), zone), "sessions", length
                begin = minute
            previous = minute
