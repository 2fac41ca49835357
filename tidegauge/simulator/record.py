"""What is sent, and what is true about it.

A `Record` goes to the topic, its `Truth` to the ledger. Times are integer milliseconds since the
epoch. Labels are tuples of (name, value) pairs, sorted by name.
"""

import functools
import json
from datetime import UTC, datetime
from typing import Any, NamedTuple

Labels = tuple[tuple[str, str], ...]
Key = tuple[str, Labels]
"""A metric's name and labels."""


class Increment(NamedTuple):
    """One count moved by one event; money in integer micro-units."""

    key: Key
    amount: int


class Fact(NamedTuple):
    """What one event says of its person that outlasts it; its time may lie before the event's."""

    name: str
    label: str
    time_ms: int


class Told(NamedTuple):
    """A fact with its person; in order, the last of a person is the one that holds."""

    time_ms: int
    label: str
    person: str


class Truth(NamedTuple):
    """What must become of a record; it moves and says nothing unless it is accepted."""

    outcome: str
    reason: str | None
    time_ms: int
    person: str | None
    counts: tuple[Increment, ...] = ()
    distincts: tuple[Key, ...] = ()
    facts: tuple[Fact, ...] = ()


class Record(NamedTuple):
    """One Kafka record: `timestamp_ms` is its own time, the event's time stands in `truth`."""

    partition: int
    timestamp_ms: int
    value: bytes
    truth: Truth


def encode(payload: dict[str, Any]) -> bytes:
    """Write compact JSON in UTF-8, keys in the order given."""
    return _ENCODER.encode(payload).encode()


def time_text(time_ms: int) -> str:
    """Write ISO-8601 in UTC with milliseconds and Z."""
    seconds, milliseconds = divmod(time_ms, 1000)
    return f"{_second_text(seconds)}.{milliseconds:03d}Z"


@functools.lru_cache(maxsize=1024)
def _second_text(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


# `json.dumps` builds a new encoder for each call with settings; this is a third of its cost.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
