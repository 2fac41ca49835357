"""Reads a list of subscribers: CSV with the columns `user_id`, `plan` and `subscribed_at`.

All of a file that is wrong is told at once, with the lines. Nothing is guessed or left out: of a
file with one mistake nothing is used.
"""

import csv
import itertools
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, TextIO
from zoneinfo import ZoneInfo

from streams.decoding import EARLIEST, EPOCH, MAX_ID_CHARACTERS, MILLISECOND
from streams.panes import FUTURE_LIMIT
from streams.schema import Problem
from streams.time_zone import read_time

USER, PLAN, SINCE = COLUMNS = ("user_id", "plan", "subscribed_at")
DELIMITERS = (",", ";")
MOST_SHOWN, MOST_SHOWN_OF_HEADER = 40, 200
"""Characters of a mistaken value, and of a first line, that are told."""
UNDECODED = re.compile(r"[\udc80-\udcff]")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Subscriber(NamedTuple):
    """A person, and since when they are on a plan."""

    user: str
    plan: str
    since: datetime
    """In UTC."""
    line: int = 0
    """Where it stands, first."""

    def is_said_by(self, other: "Subscriber") -> bool:
        """Whether another line says the same."""
        return other[:3] == self[:3]


@dataclass(frozen=True)
class Terms:
    """What a list is judged by."""

    zone: ZoneInfo
    """Of times without an offset."""
    now: int
    """In milliseconds."""
    plan_problem: Callable[[str], str | None]
    """What is wrong with a plan, if anything is."""


@dataclass
class SubscriberList:
    """What a file says, and all that is wrong with it."""

    ignored: tuple[str, ...] = ()
    """Columns that nothing is read from."""
    subscribers: dict[str, Subscriber] = field(default_factory=dict)
    """By user, in the file's order."""
    problems: list[Problem] = field(default_factory=list)


def read_subscribers(path: Path, terms: Terms) -> SubscriberList:
    """Read a file; raises OSError when it cannot be opened."""
    # What is no UTF-8 is kept as such, so that its line can be told.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        rows = _rows(file)
        header = next(rows, _Row(1, ()))
        names = [name.strip() for name in header.fields]
        problems = [Problem("line 1", problem) for problem in _of_header(header, names)]
        found = SubscriberList(tuple(n for n in names if n not in COLUMNS), problems=problems)
        if not problems:
            _Reader(names, terms, found).read(rows)
        return found


class _Row(NamedTuple):
    line: int
    fields: Sequence[str]
    problem: str = ""


def _rows(file: TextIO) -> Iterator[_Row]:
    first = file.readline()
    delimiter = max(DELIMITERS, key=lambda one: len(set(COLUMNS) & set(_names(first, one))))
    reader = csv.reader(itertools.chain([first], file), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1  # a quote that is never closed is told where it was opened
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _Row(line, (), f"is not CSV: {error}")
            continue
        if any(map(str.strip, fields)):
            yield _Row(line, fields)


def _names(header: str, delimiter: str) -> list[str]:
    return [name.strip(' "\r\n') for name in header.split(delimiter)]


def _of_header(header: _Row, names: Sequence[str]) -> Iterator[str]:
    whole = "".join(names)
    if header.problem:
        yield header.problem
    elif UNDECODED.search(whole) or "\0" in whole:
        yield "is not UTF-8 text: save it as CSV in UTF-8"
    else:
        there = _cut(", ".join(map(ascii, names)), MOST_SHOWN_OF_HEADER) or "nothing"
        for name in COLUMNS:
            if names.count(name) != 1:
                yield f"must name the column {name!r} once; there is {there}"


class _Reader:
    """Takes rows into a list, or notes what is wrong with them."""

    def __init__(self, header: Sequence[str], terms: Terms, found: SubscriberList) -> None:
        self._header, self._terms, self._found = header, terms, found

    def read(self, rows: Iterator[_Row]) -> None:
        for row in rows:
            before = len(self._found.problems)
            problems = [row.problem] if row.problem else list(self._of_row(row))
            self._found.problems += [Problem(f"line {row.line}", text) for text in problems]
            if len(self._found.problems) == before:
                self._take(row)

    def _of_row(self, row: _Row) -> Iterator[str]:
        whole = "".join(row.fields)
        if UNDECODED.search(whole):
            yield "is not UTF-8"
        elif "\0" in whole:
            yield "holds a NUL byte"
        elif len(row.fields) != len(self._header):
            yield f"has {len(row.fields)} fields, the first line {len(self._header)}"
        else:
            values = self._values(row)
            yield from _of_user(values[USER])
            if problem := self._terms.plan_problem(values[PLAN]):
                yield f"plan {_shown(values[PLAN])} {problem}"
            yield from self._of_time(values[SINCE])

    def _of_time(self, text: str) -> Iterator[str]:
        try:
            moment = (read_time(text, self._terms.zone) - EPOCH) // MILLISECOND
        except ValueError:
            yield f"{SINCE} {_shown(text)} is no time; write 2026-11-01 or 2026-11-01T08:00+01:00"
            return
        if moment < EARLIEST:
            yield f"{SINCE} {_shown(text)} lies before 2000"
        elif moment > self._terms.now + FUTURE_LIMIT:
            yield f"{SINCE} {_shown(text)} lies in the future"

    def _take(self, row: _Row) -> None:
        values = self._values(row)
        since = read_time(values[SINCE], self._terms.zone).astimezone(UTC)
        told = Subscriber(values[USER], sys.intern(values[PLAN]), since, row.line)
        known = self._found.subscribers.setdefault(told.user, told)
        if not known.is_said_by(told):
            problem = f"says something else of {USER} {_shown(told.user)} than line {known.line}"
            self._found.problems.append(Problem(f"line {row.line}", problem))

    def _values(self, row: _Row) -> Mapping[str, str]:
        return {
            name: text.strip()
            for name, text in zip(self._header, row.fields, strict=True)
            if name in COLUMNS
        }


def _of_user(user: str) -> Iterator[str]:
    if not user:
        yield f"{USER} is empty"
    elif len(user) > MAX_ID_CHARACTERS:
        yield f"{USER} has {len(user):,} characters, more than {MAX_ID_CHARACTERS}"
    elif CONTROL.search(user):
        yield f"{USER} {_shown(user)} holds a control character"


def _shown(text: str) -> str:
    """A value as it is told: on one line and not too long."""
    return repr(_cut(text, MOST_SHOWN))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
