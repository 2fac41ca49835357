"""Made-up records and logs for the tests of the core: small, seeded, with every kind of trouble."""

import json
import random
import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from streams.catalogue_file import load
from streams.checkpoint import Snapshot
from streams.folding import Folding
from streams.panes import LIFETIME, Calendar, Pane
from streams.partition import Partition
from streams.published import Progress, Published
from streams.recovery import Recovered, recover
from streams.rows import Rows, row_name
from streams.wire import SEGMENT, PersonKey

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
KEY = b"the key of the tests"

Written = list[tuple[str, bytes | None]]
"""Records of a changelog, in the order in which they were written."""


class Row(NamedTuple):
    """A Kafka record."""

    offset: int
    timestamp: int
    value: bytes | None


def moment(text: str) -> int:
    """Milliseconds of an ISO-8601 time with a zone."""
    return round(datetime.fromisoformat(text).timestamp() * SECOND)


def iso(time: int) -> str:
    """ISO-8601 of milliseconds."""
    whole = datetime.fromtimestamp(time // SECOND, ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{time % SECOND:03d}Z"


def body(
    event: str | None = "Feature Used",
    *,
    kind: str = "track",
    message_id: str = "m",
    user: Any = "ada",
    time: int | None = None,
    properties: Any = None,
    **more: Any,
) -> bytes:
    """Bytes of a Segment record; `more` are further top-level fields."""
    record = {"type": kind, "messageId": message_id, "userId": user} | more
    if event is not None:
        record["event"] = event
    if time is not None:
        record["timestamp"] = iso(time)
    if properties is not None:
        record["properties"] = properties
    return json.dumps(record).encode()


def is_bot(agent: str) -> bool:
    """Know one bot."""
    return "Googlebot" in agent


def a_folding(
    files: Mapping[str, str] | None = None,
    zone: str = "Europe/Paris",
    person_key: PersonKey = "user_else_anonymous",
) -> Folding:
    """What a partition folds with, fresh caches included."""
    return Folding(
        load(SEGMENT, files),
        SEGMENT,
        Calendar(ZoneInfo(zone)),
        hash_key=KEY,
        is_bot=is_bot,
        person_key=person_key,
    )


def fold(partition: Partition, rows: Sequence[Row], sizes: Iterable[int] = ()) -> Partition:
    """Fold rows in batches of the given sizes, what is left in one."""
    start = 0
    for size in sizes:
        partition.fold(rows[start : start + size])
        start += size
    partition.fold(rows[start:])
    return partition


def random_sizes(rng: random.Random, total: int) -> list[int]:
    """Batch sizes that add up to `total`, small and large ones mixed."""
    sizes: list[int] = []
    while sum(sizes) < total:
        sizes.append(rng.choice([1, 2, rng.randint(1, 80), rng.randint(1, 900)]))
    return sizes


def published(
    partition: Partition, *, number: int = 0, caught_up_at: int = 0, at: int = 1 << 50
) -> Published:
    """A partition as an exporter would hold it."""
    progress = Progress.of(
        partition,
        number,
        end_offset=partition.offset,
        caught_up_at=caught_up_at,
        published_at=at,
        checkpoint_at=0,
    )
    held = Published(progress)
    panes = {str(pane): partition.encode(pane) for pane in partition.units.held}
    held.update(panes, partition.folding)
    return held


def writes(snapshot: Snapshot | None) -> Written:
    """What a checkpoint writes, in the order in which it must."""
    return [row for stage in snapshot.stages() for row in stage] if snapshot else []


def rows_of(written: Iterable[tuple[str, bytes | None]], lineage: int = 0) -> Rows:
    """The rows of a changelog as a recovery reads them."""
    rows = Rows()
    for name, raw in written:
        rows.take(row_name(lineage, name), raw)
    return rows


def recovered(
    folding: Folding,
    written: Iterable[tuple[str, bytes | None]],
    beginning: int = 0,
    generation: str = "",
) -> Recovered[Partition]:
    """What a restart makes of a changelog."""
    return recover(folding, rows_of(written), beginning, generation)


def of_version(raw: bytes, version: int, name: str = "") -> bytes:
    """A sealed record as another version would have written it."""
    checksum = zlib.crc32(raw[5:], zlib.crc32(name.encode(), version))
    return bytes([version]) + checksum.to_bytes(4, "big") + raw[5:]


def compacted(written: Written) -> Written:
    """What a compacted changelog still holds."""
    return [(key, raw) for key, raw in dict(written).items() if raw is not None]


EVENTS = (
    "Signed Up",
    "Order Completed",
    "Payment Succeeded",
    "Subscription Started",
    "Subscription Cancelled",
    "Feature Used",
    "Content Shared",
    "Product Shared",
    "Brand Mentioned",
    "CSAT Answered",
    "Something Else",
)
BROKEN = (
    b"",
    b"not json",
    b"[1,2]",
    b"7",
    b'{"type":"track"',
    b'{"type":"track","messageId":"x","userId":"u","event":"E","x":[1',
    b"2]}",
    b'{"type":"track","messageId":"x","userId":"\xff","event":"E"}',
    b'{"type":"page"},{"type":"page"}',
    None,
)
ODD = ([1], {"a": 1}, True, 0, -1.5, "", "  ", "a\x00b", 10**25, None)


def some_properties(rng: random.Random) -> dict[str, Any]:
    """Properties of every metric, sometimes of an odd type."""
    found: dict[str, Any] = {
        "plan": rng.choice(["free", "pro", "pro", "gold"]),
        "reason": f"reason {rng.randint(0, 9)}",
        "feature": f"feature {rng.randint(0, 12)}",
        "channel": rng.choice(["email", "x", "pigeon"]),
        "revenue": rng.choice([1, 9.99, 0.1, 250, 0, -3, 2e9, "12", True, None, 10**400]),
        "currency": rng.choice(["EUR", "USD", "JPY", "XXX", "eur", None]),
        "score": rng.choice([1, 2, 3, 4, 4, 5, 5, 5.0, 0, 6, -1, 4.5, "4", True, None, 1e300]),
    }
    if rng.random() < 0.1:
        found[rng.choice(list(found))] = rng.choice(ODD)
    return found


SMALL = Path(__file__).with_name("small_catalogue.toml").read_text("utf-8")


def small_partition() -> Partition:
    """A partition with narrow label limits that counts no one who is anonymous as a person."""
    return Partition(a_folding({"small.toml": SMALL}, person_key="user_only"))


def labels_of(partition: Partition, name: str, pane: Pane = LIFETIME) -> dict[str, int]:
    """A one-label count of a pane by label value."""
    folding = partition.folding
    fold_id = folding.catalogue.fold_id(folding.catalogue.metrics[name])
    return {labels[0]: value for labels, value in partition.units.held[pane].state[fold_id].items()}


class Log:
    """Writes a seeded log; `step` is how far time goes on with each record, in milliseconds."""

    def __init__(self, seed: int, start: int, step: int) -> None:
        self.rng, self.now, self.step = random.Random(seed), start, step
        self.offset = 0
        self.ids: list[str] = []

    def rows(self, count: int, trouble: float = 0.15, gaps: float = 0.01) -> list[Row]:
        """Write records, a share of them with some trouble, and gaps between some offsets."""
        found = []
        for _ in range(count):
            self.offset += 1 + (self.rng.randint(1, 90) if self.rng.random() < gaps else 0)
            self.now += self.rng.randint(0, 2 * self.step)
            troubled = self.rng.random() < trouble
            found.append(self._troubled() if troubled else self._row(self._body(self.now)))
        return found

    def _row(self, value: bytes | None, timestamp: int | None = None) -> Row:
        return Row(self.offset, self.now if timestamp is None else timestamp, value)

    def _body(self, time: int | None, **more: Any) -> bytes:
        rng = self.rng
        self.ids.append(f"id {self.offset}")
        facts: dict[str, Any] = {"message_id": self.ids[-1], "time": time, "user": None}
        facts["user" if rng.random() < 0.6 else "anonymousId"] = f"person {rng.randint(0, 200)}"
        if rng.random() < 0.1:
            facts |= {"user": "both", "anonymousId": "at once"}
        if rng.random() < 0.4:
            page = f"page {rng.randint(0, 12)}" if rng.random() < 0.9 else None
            return body(None, **({"kind": "page", "name": page} | facts | more))
        if rng.random() < 0.1:
            return body(None, **({"kind": rng.choice(["screen", "identify"])} | facts | more))
        properties = some_properties(rng)
        return body(rng.choice(EVENTS), **({"properties": properties} | facts | more))

    def _troubled(self) -> Row:
        rng, now = self.rng, self.now
        year = 365 * DAY  # a clock a year ahead, on a topic with producer timestamps
        repeated = rng.choice(self.ids[-60:] or ["id"])
        no_time = [-1, 0, 1, 253402300799999, (1 << 63) - 1]
        troubles: list[tuple[dict[str, Any], int]] = [
            ({"time": now + 11 * MINUTE + rng.randint(0, DAY)}, now),
            ({"time": now, "context": {"bot": True}}, now),
            ({"time": now, "context": {"userAgent": "Googlebot/2.1"}}, now),
            ({"time": now - rng.randint(20 * HOUR, 30 * HOUR)}, now),
            ({"time": now, "message_id": repeated}, now),
            ({"time": None}, now),
            ({"time": now + year}, now + year),
            ({"time": None}, rng.choice(no_time)),
        ]
        if rng.random() < 1 / 9:
            return self._row(rng.choice(BROKEN))
        facts, timestamp = rng.choice(troubles)
        return self._row(self._body(**facts), timestamp)
