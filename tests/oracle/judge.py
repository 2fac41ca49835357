"""What becomes of each record of a partition, judged once more from the words of the promise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from tests.oracle.events import Accepted
from tests.oracle.ids import Ids

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
BLOCK = 64
LEAST_TIMES = 8
GRACE = 24 * HOUR
MOST_IDS = 1_000_000


class Row(Protocol):
    """A Kafka record; `timestamp` in milliseconds."""

    @property
    def offset(self) -> int: ...

    @property
    def timestamp(self) -> int: ...

    @property
    def value(self) -> bytes | None: ...


class Found(NamedTuple):
    """An event that could be read, and its time in milliseconds."""

    event: Mapping[str, Any]
    time: int


Read = Callable[[Row], Found | str]
"""Reads a record, or says why it cannot be read."""


class Judge:
    """Judges the records of a partition one after the other."""

    def __init__(self, read: Read, most_ids: int = MOST_IDS) -> None:
        self._read = read
        self._ids = Ids(most_ids)
        self.block, self.times = 0, list[int]()
        self.watermark: int | None = None
        self.accepted: list[Accepted] = []
        self.reason = ""
        """Why the last record could not be read."""

    def enter(self, offset: int) -> None:
        if offset // BLOCK == self.block:
            return
        self.block = offset // BLOCK
        if len(self.times) >= LEAST_TIMES:
            median = sorted(self.times)[(len(self.times) - 1) // 2]
            self.watermark = max(median, self.watermark or median)
        self.times = []
        self._ids.enter(None if self.watermark is None else self.watermark // MINUTE)

    def outcome(self, row: Row) -> str:
        self.enter(row.offset)
        found = self._read(row)
        self.reason = found if isinstance(found, str) else ""
        if isinstance(found, str):
            return "dead_letter"
        event, time = found
        if "timestamp" in event and 0 < row.timestamp < time - 10 * MINUTE:
            return "future"
        context = event.get("context") or {}
        if context.get("bot") or "Googlebot" in context.get("userAgent", ""):
            return "bot"
        self.times.append(time)
        if self.watermark is not None and time < self.watermark - GRACE:
            return "late"
        if self._ids.is_known(event["messageId"]):
            return "duplicate"
        self.accepted.append(Accepted(time, event))
        return "accepted"


def settled(watermarks: Iterable[int | None]) -> int:
    """The time before which nothing can come any more of partitions that are read to their ends.

    The one that is most behind says so, by a day behind the newest at the most; 0: nobody does.
    """
    known = [watermark or 0 for watermark in watermarks]
    return max(0, min(max(one, max(known) - DAY) for one in known) - GRACE)
