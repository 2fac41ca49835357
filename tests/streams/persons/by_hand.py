"""What facts of persons come to, recounted with sets and lists: shares no code with `streams`."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

Labels = tuple[str, ...]
Sheet = dict[str, dict[Labels, int]]
Counted = tuple[str, str, Labels, int]
"""Pane, name, labels and amount."""


MOST_CUTS = 1_000


class Said(NamedTuple):
    """Of a person a fact held at a time, in milliseconds."""

    person: int
    name: str
    label: str
    time: int


def sheets(said: Iterable[Said], zone: ZoneInfo) -> dict[str, Sheet]:
    """Sheets by the name of their pane, without what comes to nothing; health is left out."""
    found: dict[str, Counter[tuple[str, Labels]]] = {}
    facts = set(said)
    cuts = _cuts(facts, zone)
    apart = {one._replace(person=identity(one, cuts, zone)) for one in facts}
    counted = [*_marks(apart, zone), *_sessions(facts, zone), *_answers(apart, zone)]
    counted += [*_subscriptions(apart, zone), *_endings(apart, cuts, zone)]
    for pane, name, labels, amount in counted:
        found.setdefault(pane, Counter())[name, labels] += amount
    full = {pane: _by_name(counts) for pane, counts in found.items()}
    return {pane: sheet for pane, sheet in full.items() if sheet}


def _cuts(facts: set[Said], zone: ZoneInfo) -> dict[int, list[date]]:
    """Of everybody, the days with whose beginning they are somebody else, in order."""
    cuts: dict[int, set[date]] = {}
    for person, name, _, time in facts:
        if name == "forgotten":
            cuts.setdefault(person, set()).add(day_of(time, zone) + timedelta(1))
    return {person: sorted(days) for person, days in cuts.items()}


def identity(one: Said, cuts: dict[int, list[date]], zone: ZoneInfo) -> int:
    """Whom a fact is of: somebody new after each time they were forgotten."""
    day = day_of(one.time, zone)
    return MOST_CUTS * one.person + sum(cut <= day for cut in cuts.get(one.person, []))


def _endings(facts: set[Said], cuts: dict[int, list[date]], zone: ZoneInfo) -> Iterator[Counted]:
    """Subscriptions of which nothing is known any more; they are not lost."""
    for mine in _of_persons(facts, "subscription"):
        person, number = divmod(mine[0].person, MOST_CUTS)
        if mine[-1].label and number < len(cuts.get(person, [])):
            yield "lifetime/0", "subscribed", (mine[-1].label,), -1
            yield _pane(cuts[person][number], zone), "subscribed", (mine[-1].label,), -1


def _by_name(counts: Counter[tuple[str, Labels]]) -> Sheet:
    sheet: Sheet = {}
    for (name, labels), count in counts.items():
        if count:
            sheet.setdefault(name, {})[labels] = count
    return sheet


def day_of(time: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(time / 1000, zone).date()


def _pane(day: date, zone: ZoneInfo) -> str:
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    return f"day/{round(midnight.timestamp()) * 1000}"


def _marks(facts: set[Said], zone: ZoneInfo) -> Iterator[Counted]:
    days: dict[tuple[str, int, str], set[int]] = {}
    for person, name, label, time in facts:
        if name in ("active", "used", "bought"):
            days.setdefault((name, person, label), set()).add(day_of(time, zone).toordinal())
    for (name, _, label), marked in days.items():
        labels = (label,) if label else ()
        if name == "bought":
            yield "lifetime/0", "buyers", labels, 1
        for day in range(min(marked), max(marked) + 62):
            pane = _pane(date.fromordinal(day), zone)
            for what, more in _of_a_day(name, marked, day):
                yield pane, what, labels + more, 1


def _of_a_day(name: str, marked: set[int], day: int) -> Iterator[tuple[str, Labels]]:
    first, last = min(marked), max(number for number in marked if number <= day)
    for span in (1, 7, 30):
        if day - last < span:
            yield name, (str(span),)
    if name == "bought" and 30 <= day - last < 60:
        yield "left", ()
    if name != "active":
        return
    if last == day:
        came = "new" if day == first else "returning" if day - 1 in marked else "resurrecting"
        yield "lifecycle", (came,)
        if day - first in (1, 7, 30):
            yield "retained", (str(day - first),)
    elif last == day - 1:
        yield "lifecycle", ("dormant",)


def _sessions(facts: set[Said], zone: ZoneInfo) -> Iterator[Counted]:
    for person in {fact.person for fact in facts}:
        mine = [f for f in facts if f.person == person and f.name == "active"]
        minutes = sorted({fact.time // 60_000 for fact in mine})
        if not minutes:
            continue
        begin = previous = minutes[0]
        for minute in [*minutes[1:], 1 << 60]:
            if minute - previous >= 30:
                length = (str(previous - begin),)
                yield f"minute/{begin * 60_000}", "sessions", length, 1
                yield f"hour/{begin // 60 * 3_600_000}", "sessions", length, 1
                yield _pane(day_of(begin * 60_000, zone), zone), "sessions", length, 1
                begin = minute
            previous = minute


def _of_persons(facts: set[Said], name: str) -> Iterator[list[Said]]:
    """What was said of each person, in order."""
    mine = [fact for fact in facts if fact.name == name]
    for person in {fact.person for fact in mine}:
        theirs = [fact for fact in mine if fact.person == person]
        yield sorted(theirs, key=lambda fact: (fact.time, fact.label))


def _last(mine: list[Said], before: date, zone: ZoneInfo) -> tuple[str, date] | None:
    """The last label of days before one, and its day."""
    found = [fact for fact in mine if day_of(fact.time, zone) < before]
    return (found[-1].label, day_of(found[-1].time, zone)) if found else None


def _days(mine: list[Said], zone: ZoneInfo) -> Iterator[date]:
    days = [day_of(fact.time, zone) for fact in mine]
    for number in range((max(days) - min(days)).days + 31):
        yield min(days) + timedelta(number)


def _answers(facts: set[Said], zone: ZoneInfo) -> Iterator[Counted]:
    for mine in _of_persons(facts, "nps"):
        for day in _days(mine, zone):
            last = _last(mine, day + timedelta(1), zone)
            for span in (1, 7, 30):
                if last and (day - last[1]).days < span:
                    yield _pane(day, zone), "nps", (last[0], str(span)), 1


def _subscriptions(facts: set[Said], zone: ZoneInfo) -> Iterator[Counted]:
    for mine in _of_persons(facts, "declared"):
        yield "lifetime/0", "declared", (), 1
        yield _pane(day_of(mine[0].time, zone), zone), "declared", (), 1
    for mine in _of_persons(facts, "subscription"):
        if mine[0].label == "":
            yield "lifetime/0", "unknown", (), 1
        if mine[-1].label:
            yield "lifetime/0", "subscribed", (mine[-1].label,), 1
        for day in _days(mine, zone):
            now = _last(mine, day + timedelta(1), zone)
            for back, name, labels in [
                (0, "subscribed", ()),
                *((span - 1, "lost", (str(span),)) for span in (1, 7, 30)),
            ]:
                was = _last(mine, day - timedelta(back), zone)
                yield from _changed(_pane(day, zone), name, labels, was, now)


def _changed(
    pane: str,
    name: str,
    labels: Labels,
    was: tuple[str, date] | None,
    now: tuple[str, date] | None,
) -> Iterator[Counted]:
    if name == "lost":
        if was and was[0] and now and not now[0]:
            yield pane, name, (was[0], *labels), 1
        return
    if now and now[0]:
        yield pane, name, (now[0],), 1
    if was and was[0]:
        yield pane, name, (was[0],), -1
