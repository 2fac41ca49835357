"""What is true of people over days: whence they come, whether they come back, how long they stay.

Straight from who was active in which minute; nothing is kept between two questions.
"""

import statistics
from collections import Counter
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from itertools import pairwise
from math import ceil

from tidegauge.simulator.calendar import MINUTE_MS, WINDOWS, Calendar
from tidegauge.simulator.exposition import in_window
from tidegauge.simulator.record import Key

Seen = Mapping[int, AbstractSet[str]]
"""Start of each minute, in milliseconds -> who was active in it."""
GAP_MS = 30 * MINUTE_MS
RETURNS = (1, 7, 30)
STATES = ("new", "returning", "resurrecting", "dormant")


def habits(seen: Seen, calendar: Calendar, as_of_ms: int) -> Iterator[tuple[Key, float]]:
    """Yield every series that tells of people over days, at that instant."""
    days: dict[int, set[str]] = {}
    for minute, people in seen.items():
        days.setdefault(calendar.pane("day", minute), set()).update(people)
    yield from _days(days, calendar, as_of_ms)
    yield from _visits(list(_sessions(seen)), seen, calendar, as_of_ms)


def _days(
    days: Mapping[int, set[str]], calendar: Calendar, as_of_ms: int
) -> Iterator[tuple[Key, float]]:
    """Of the last day that is over."""
    _, (last,) = calendar.window("yesterday", as_of_ms)
    _, month = calendar.window("30d", last)
    first: dict[str, int] = {}
    for day in sorted(days):
        for person in days[day]:
            first.setdefault(person, day)
    here, before = days.get(last, set()), days.get(month[-2], set())
    active = set().union(*(days.get(day, set()) for day in month))
    if active:
        yield ("stickiness_ratio", ()), len(here) / len(active)
    states = Counter(
        "new" if first[person] == last else "returning" if person in before else "resurrecting"
        for person in here
    )
    states["dormant"] = len(before - here)
    for state in STATES:
        yield ("lifecycle_users", (("state", state),)), states[state]
    for back in RETURNS:
        day = _days_before(calendar, last, back)
        cohort = {person for person, begun in first.items() if begun == day}
        if cohort:
            share = len(cohort & here) / len(cohort)
            yield ("retention_ratio", (("day", str(back)),)), share


def _days_before(calendar: Calendar, day: int, back: int) -> int:
    for _ in range(back):
        (day,) = calendar.window("yesterday", day)[1]
    return day


def _sessions(seen: Seen) -> Iterator[tuple[int, int]]:
    """First minute and length of every session, in milliseconds."""
    minutes: dict[str, list[int]] = {}
    for minute in sorted(seen):
        for person in seen[minute]:
            minutes.setdefault(person, []).append(minute)
    for found in minutes.values():
        ends = [i for i, (a, b) in enumerate(pairwise(found)) if b - a >= GAP_MS]
        for begin, end in pairwise([-1, *ends, len(found) - 1]):
            yield found[begin + 1], found[end] - found[begin + 1]


def _visits(
    sessions: list[tuple[int, int]], seen: Seen, calendar: Calendar, as_of_ms: int
) -> Iterator[tuple[Key, float]]:
    for window in WINDOWS:
        grain, starts = calendar.window(window, as_of_ms)
        panes = frozenset(starts)
        lengths = sorted(length for at, length in sessions if calendar.pane(grain, at) in panes)
        yield ("windowed_sessions", in_window((), window)), len(lengths)
        active = set().union(*(p for at, p in seen.items() if calendar.pane(grain, at) in panes))
        if active:
            yield ("sessions_per_user", in_window((), window)), len(lengths) / len(active)
        if not lengths:
            continue
        told = {"mean": statistics.fmean(lengths)}
        told |= {f"p{n}": lengths[ceil(n * len(lengths) / 100) - 1] for n in (50, 95)}
        for statistic, length in told.items():
            labels = in_window((("statistic", statistic),), window)
            yield ("session_duration_seconds", labels), length / 1000
