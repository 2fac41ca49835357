"""A partition of the source topic: records of every kind, control records, retention."""

import json
import random
from bisect import bisect_left
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from streams.panes import DAY, GRACE, HOUR, MINUTE, SECOND

START = round(datetime(2026, 10, 24, 18, tzinfo=UTC).timestamp()) * SECOND
"""The evening before a day of 25 hours in Paris."""
BROKEN = (b"", b"not json", b"[1,2]", b'{"type":"track"', b"\xff", None)
STEPS: tuple[tuple[int, ...], ...] = (
    (10, 2, 0, 0),
    (10, 8, 1, 0),
    (6, 6, 3, 1),
    (2, 3, 6, 2),
)
"""Paces of a log: weights of a step of up to 20 s, 3 minutes, 40 minutes, 6 hours."""
LONGEST = (20 * SECOND, 3 * MINUTE, 40 * MINUTE, 6 * HOUR)


class Row(NamedTuple):
    """A Kafka record."""

    offset: int
    timestamp: int
    value: bytes | None


class Source:
    """A seeded log; readable are the offsets from `beginning` to `end`.

    `said`: names of events that say something of a person, beside the two that are always there.
    """

    def __init__(self, rng: random.Random, *, is_tame: bool, said: Sequence[str] = ()) -> None:
        self._rng, self._said = rng, said
        self._troubles = TROUBLES if is_tame else TROUBLES + WILD_TROUBLES
        self._weights = rng.choice(STEPS)
        self._trouble = rng.choice((0.1, 0.3, 0.5))
        self._gaps = rng.choice((0.0, 0.05, 0.2))
        self._bodies: list[bytes] = []
        self._now = START
        self.rows: list[Row] = []
        offset = 0
        for _ in range(rng.randint(60, 160)):
            offset += rng.randint(1, 9) if rng.random() < self._gaps else 0
            self.rows.append(self._row(offset))
            offset += 1
        self._offsets = [row.offset for row in self.rows]
        self.beginning = 0
        self.full_end = offset + rng.choice((0, 0, 3))
        self.end = self._offsets[-rng.randint(4, 12)]

    def read(self, offset: int, count: int, rng: random.Random) -> tuple[list[Row], int]:
        """Up to `count` records from `offset` on, and the next position: before the next record."""
        first = bisect_left(self._offsets, offset)
        rows = [row for row in self.rows[first : first + count] if row.offset < self.end]
        following = (
            self.rows[first + len(rows)].offset
            if first + len(rows) < len(self.rows)
            else self.full_end
        )
        least = rows[-1].offset + 1 if rows else offset
        most = min(following, self.end)
        return rows, rng.choice(
            (least, most, most, rng.randint(least, most))
        ) if most > least else least

    def _row(self, offset: int) -> Row:
        rng = self._rng
        longest = rng.choices(LONGEST, self._weights)[0]
        self._now += rng.randint(0, longest)
        if rng.random() < self._trouble:
            timestamp, value = rng.choice(self._troubles)(self)
        else:
            timestamp, value = self._now, self._body(self._now)
        return Row(offset, timestamp, value)

    def _body(self, time: int | None, **more: Any) -> bytes:
        rng = self._rng
        record: dict[str, Any] = {"messageId": f"id {len(self._bodies)}"} | more
        record["userId"] = f"person {rng.randint(0, 9)}"
        if time is not None:
            record["timestamp"] = datetime.fromtimestamp(time / SECOND, UTC).isoformat()
        if rng.random() < 0.5:
            record |= {"type": "page", "name": f"page {rng.randint(0, 4)}"}
        else:
            revenue = rng.choice((1, 0.1, 250, 9.99, -1, "much", None))
            event = rng.choice(("Order Completed", "Other", *self._said))
            record |= {"type": "track", "event": event}
            record["properties"] = {"revenue": revenue} | self._what_is_said()
        self._bodies.append(json.dumps(record).encode())
        return self._bodies[-1]

    def _what_is_said(self) -> dict[str, Any]:
        if not self._said:
            return {}
        return {
            "score": self._rng.choice((0, 7, 10, 11)),
            "plan": self._rng.choice(("pro", "starter")),
        }

    def _unstamped(self) -> tuple[int, bytes]:
        return -1, self._body(self._now)

    def _repeated(self) -> tuple[int, bytes]:
        recent = self._bodies[-self._rng.choice((2, 8, 40)) :]
        return self._now, self._rng.choice(recent) if recent else self._body(self._now)

    def _renewed(self) -> tuple[int, bytes]:
        """The same id, at another time."""
        number = max(0, len(self._bodies) - self._rng.choice((2, 8, 40)))
        return self._now, self._body(self._now, messageId=f"id {number}")

    def _broken(self) -> tuple[int, bytes | None]:
        return self._now, self._rng.choice(BROKEN)

    def _old(self) -> tuple[int, bytes]:
        return self._now, self._body(self._now - self._rng.randint(0, GRACE))

    def _late(self) -> tuple[int, bytes]:
        return self._now, self._body(self._now - GRACE - self._rng.randint(0, DAY))

    def _future(self) -> tuple[int, bytes]:
        return self._now, self._body(self._now + self._rng.randint(11 * MINUTE, DAY))

    def _ahead(self) -> tuple[int, bytes]:
        """A clock that is ahead, on a topic with producer timestamps."""
        time = self._now + self._rng.randint(0, 2 * DAY)
        return time, self._body(time)

    def _bot(self) -> tuple[int, bytes]:
        return self._now, self._body(self._now, context={"bot": True})

    def _timeless(self) -> tuple[int, bytes]:
        return self._rng.choice((self._now, self._now, -1)), self._body(None)


TROUBLES: tuple[Callable[[Source], tuple[int, bytes | None]], ...] = (
    Source._repeated,
    Source._repeated,
    Source._repeated,
    Source._broken,
    Source._old,
    Source._old,
    Source._late,
    Source._future,
    Source._bot,
    Source._unstamped,
)
WILD_TROUBLES: tuple[Callable[[Source], tuple[int, bytes | None]], ...] = (
    Source._renewed,
    Source._renewed,
    Source._renewed,
    Source._renewed,
    Source._ahead,
    Source._timeless,
)
"""With these it cannot be told which panes the loss of a record touches."""
