"""Reads the worked example of a metric from its table in a catalogue."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from streams.catalogue import Example, Given
from streams.event import KINDS
from streams.schema import TEXT, Field, Problem, check, one_of

MOMENT = Field(
    lambda value: isinstance(value, datetime) and value.tzinfo is None,
    "a local date and time without quotes, 2026-03-02T10:00:00",
)
EXAMPLE = {
    "events": Field(
        lambda value: isinstance(value, list) and bool(value), "a list of events", required=True
    ),
    "at": MOMENT._replace(required=True),
    "gives": Field(
        lambda value: (
            isinstance(value, dict) and bool(value) and all(map(_is_number, value.values()))
        ),
        "a table of series and their values",
        required=True,
    ),
    "because": TEXT,
}
EVENT = {
    "at": MOMENT._replace(required=True),
    "person": TEXT._replace(required=True),
    "kind": one_of(KINDS),
    "event": TEXT,
}


def read_example(table: Any, where: str, problems: list[Problem]) -> Example | None:
    """Read an example; notes what is wrong with it, and gives None then."""
    before = len(problems)
    found = check(table, EXAMPLE, where, problems)
    events = tuple(_events(found.get("events", []), where, problems))
    if len(problems) > before:
        return None
    return Example(events, found["at"], found["gives"], found.get("because", ""))


def _events(events: list[Any], where: str, problems: list[Problem]) -> Iterator[Given]:
    for number, event in enumerate(events):
        place = f"{where}.events[{number}]"
        named = event if isinstance(event, dict) else {}
        facts = {key: value for key, value in named.items() if key in EVENT}
        found = check(facts if named else event, EVENT, place, problems)
        if "at" in found and "person" in found:
            kind = found.get("kind", "track")
            properties = {key: value for key, value in named.items() if key not in EVENT}
            yield Given(found["at"], found["person"], kind, found.get("event"), properties)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
