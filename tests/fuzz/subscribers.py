"""Lists of subscribers: all that is wrong is told with its line, or all of it is understood."""

import random
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from streams.catalogue_file import load
from streams.event import Event
from streams.folding import Folding
from streams.panes import SECOND, Calendar
from streams.wire import SEGMENT
from tests.fuzz import lines
from tests.fuzz.decoding import NOW
from tidegauge.subscriber_file import Terms, read_subscribers
from tidegauge.subscriber_records import SubscriberRecords

LONGEST_LINE = 300
VALUES = tuple(
    value.encode("utf-8", "surrogatepass")
    for value in (
        *("", " ", "free", "pro", "gold", "u42", "2026-01-01", "2025-03-30T02:30", "24:00", "\t"),
        *("2024-05-01T00:00:00+99:00", "9999-12-31T23:59:59-14:00", "0001-01-01", "2024-W18-3"),
        *('"a""b"', '"', "a\x1bb", "\ufeff", "\x85", "\u2028", "\ud800", "x" * 600, "y" * 140_000),
        *("2024-05-01T00:00:00.123456789Z", "20240501T000000Z", "1e3", "=1+1", "\x1c", "\u0661"),
    )
)


class Subscribers:
    """An input is a file for `tidegauge import`."""

    name = "subscribers"

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tidegauge-fuzz-")
        self._file = Path(self._folder.name, "subscribers.csv")
        zone, now = ZoneInfo("Europe/Paris"), datetime.fromtimestamp(NOW / SECOND, UTC)
        self._folding = Folding(
            load(SEGMENT), SEGMENT, Calendar(zone), hash_key=b"key", is_bot=lambda _: False
        )
        self._records = SubscriberRecords(self._folding, now, now)
        self._terms = Terms(zone, NOW, self._records.plan_problem)
        self._spare = [line for seed in self.seeds() for line in seed.split(b"\n")]

    def close(self) -> None:
        """Remove its file."""
        self._folder.cleanup()

    def seeds(self) -> Iterator[bytes]:
        """Lists as people write them."""
        for delimiter in ",;":
            for end in ("\n", "\r\n", "\r"):
                head = delimiter.join(("user_id", "plan", "subscribed_at", "e-mail"))
                rows = (f"u{i},pro,2024-05-0{i},a@b.c".replace(",", delimiter) for i in range(1, 4))
                yield end.join((head, *rows, "")).encode("utf-8-sig")
        yield b'subscribed_at,user_id,plan\n2024-05-01T08:00+01:00,"a ""b"" c",free\n'
        yield b"user_id,plan,subscribed_at\nada,pro,2024-05-01T00:00:00Z\nada,free,2024-05-02\n"

    def change(self, data: bytes, rng: random.Random) -> bytes:
        """Change a line."""
        return lines.change(data, rng, self._spare, VALUES)

    def examine(self, data: bytes) -> str:
        """Read it, and where nothing is wrong the records that are made of it."""
        self._file.write_bytes(data)
        found = read_subscribers(self._file, self._terms)
        for problem in map(str, found.problems):
            assert problem.startswith("line ")
            assert problem.isprintable()
            assert len(problem) < LONGEST_LINE
        if found.problems:
            return "refused"
        records = [value for _, value in map(self._records.of, found.subscribers.values())]
        for event in self._folding.decode(records):
            assert isinstance(event, Event)
            assert event.time is not None
            assert event.person in found.subscribers
        return "a list" if records else "a list of nobody"
