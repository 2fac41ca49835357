"""Notes on metrics: what happened on a day, why, and what is done about it; read from TOML."""

import datetime as dt
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from streams.schema import TEXT, ConfigurationError, Field, Problem, check, one_of, read_toml

DATE = Field(
    lambda value: type(value) is dt.date,
    "a date without quotes, 2026-03-02",
)


class Note(NamedTuple):
    """What a person says about a metric on some days."""

    date: dt.date
    metric: str
    happened: str
    reason: str
    response: str
    until: dt.date
    """The last day it is about; `date` itself when it is about one."""


def read_notes(text: str, where: str, metrics: Collection[str]) -> list[Note]:
    """Read `[[notes]]`, in the order of their dates; `where` is the file's name.

    Raises ConfigurationError with every problem found.
    """
    problems: list[Problem] = []
    try:
        document = read_toml(text)
    except ValueError as error:
        raise ConfigurationError([Problem(where, f"is not TOML: {error}")]) from None
    tables = check(document, {"notes": _LIST}, where, problems).get("notes", [])
    found = list(_notes(tables, where, metrics, problems))
    if problems:
        raise ConfigurationError(problems)
    return sorted(found, key=lambda note: note.date)


_LIST = Field(lambda value: isinstance(value, list), "tables, each under [[notes]]")


def _notes(
    tables: list[Any], where: str, metrics: Collection[str], problems: list[Problem]
) -> Iterator[Note]:
    fields = {
        "date": DATE._replace(required=True),
        "metric": one_of(tuple(metrics))._replace(required=True),
        "happened": TEXT._replace(required=True),
        "reason": TEXT._replace(required=True),
        "response": TEXT._replace(required=True),
        "until": DATE,
    }
    for number, table in enumerate(tables):
        place, before = f"{where}: notes[{number}]", len(problems)
        found = check(table, fields, place, problems)
        if len(problems) > before:
            continue
        note = Note(**({"until": found["date"]} | found))
        if note.until < note.date:
            problems.append(Problem(f"{place}.until", f"must not be before {note.date}"))
        yield note
