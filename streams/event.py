"""What one product event is once its record has been read.

Times are integer milliseconds since the epoch. A record that could not be read is a `Rejected`,
whose reason is one of `REASONS`; it is data like any other, never an exception.
"""

from typing import Any, Literal, NamedTuple

import msgspec

Reason = Literal[
    "not_json",
    "not_object",
    "wrong_type",
    "missing_field",
    "unknown_type",
    "bad_time",
    "too_large",
    "too_deep",
    "invalid_utf8",
]
REASONS: tuple[Reason, ...] = Reason.__args__  # type: ignore[attr-defined]

KINDS = ("track", "page", "screen", "identify", "group", "alias")
INTERACTIONS = ("page", "screen", "track")


class Event(msgspec.Struct, frozen=True, gc=False):
    """A readable record; `time` is None where the record names none and Kafka's own time counts."""

    kind: str
    message_id: str
    name: str | None
    person: str | None
    both_identities: bool
    time: int | None
    bot: bool
    user_agent: str | None
    said: Any
    """The record as decoded: what labels, sums and scores need is read by `Decoder.reader`."""


class Rejected(NamedTuple):
    """An unreadable record: why, and what exactly was wrong with it."""

    reason: Reason
    detail: str
