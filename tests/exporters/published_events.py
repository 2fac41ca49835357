"""Partitions folded from a few JSON records, and what a worker would publish of them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from exporters.keys import Source
from exporters.publisher import Publication, SnapshotPublisher
from exporters.snapshot_store import SnapshotReader
from streams import catalogue_file
from streams.folding import Folding
from streams.panes import MINUTE, SECOND, Calendar
from streams.partition import Partition
from streams.persons.progress import progress_of
from streams.persons.sections import Crossing, Teller
from streams.persons.shard import Shard
from streams.published import Progress, Published
from streams.wire import SEGMENT

NOW = 1_750_000_000_000
"""The instant of every test: 2025-06-15 15:06:40 UTC."""
GENERATION = "0123456789abcdef"


class Record(NamedTuple):
    offset: int
    timestamp: int
    value: bytes


def new_folding(zone: str = "UTC", catalogue: str | None = None) -> Folding:
    files = {"test.toml": catalogue} if catalogue else None
    return Folding(
        catalogue_file.load(SEGMENT, files),
        SEGMENT,
        Calendar(ZoneInfo(zone)),
        hash_key=b"a key for tests",
        is_bot=lambda agent: agent == "bot",
    )


def new_prefix() -> str:
    """A prefix no other test uses."""
    return f"test-{secrets.token_hex(6)}"


@dataclass
class Worker:
    """One partition with what is needed to feed and publish it."""

    folding: Folding = field(default_factory=new_folding)
    number: int = 0
    partition: Partition = field(init=False)
    now: int = NOW

    def __post_init__(self) -> None:
        self.partition = Partition(self.folding)

    def send(self, *events: Mapping[str, Any], time: int = NOW) -> None:
        """Fold events; the fields that are left out are made up."""
        first = self.partition.offset
        moment = datetime.fromtimestamp(time / SECOND, UTC).isoformat()
        self.partition.fold(
            [
                Record(
                    first + i,
                    max(NOW, time),
                    json.dumps(
                        {
                            "type": "page",
                            "name": "Home",
                            "messageId": f"{self.number}-{first + i}",
                            "userId": f"user {first + i}",
                            "timestamp": moment,
                            **event,
                        }
                    ).encode(),
                )
                for i, event in enumerate(events)
            ]
        )

    def break_record(self, value: bytes = b"{") -> None:
        """Fold a record nobody can read."""
        self.partition.fold([Record(self.partition.offset, NOW, value)])

    def advance(self, minutes: int) -> None:
        """Move the watermark so far, by a block of events at the new time."""
        self.now += minutes * MINUTE
        self.send(*[{}] * 130, time=self.now)

    def progress(self, **other: Any) -> Progress:
        """How far the partition is."""
        facts: dict[str, Any] = {
            "partition": self.number,
            "offset": self.partition.offset,
            "watermark": self.partition.watermark,
            "caught_up_at": self.now,
            "published_at": self.now,
            "end_offset": self.partition.offset,
            "since": self.partition.coverage.since,
            "begun": self.partition.coverage.begun,
            "losses": self.partition.losses,
            "checkpoint_at": 0,
            "horizon_start": self.partition.judge.duplicates.horizon_start(),
        }
        return Progress(**{**facts, **other})

    def tell(self, shard: Shard) -> Published:
        """Tell a shard what is new, and show the shard as it is then."""
        told = self.partition.take_told()
        assert told is not None
        crossing = Crossing(GENERATION, 0, partitions=1, shards=1)
        teller = Teller(0, self.now, self.now)
        shard.take(crossing.messages([(self.number, told, teller)])[0], self.now)
        times = {"end_offset": 0, "published_at": self.now, "checkpoint_at": 0}
        progress = progress_of(shard, 0, **times)
        assert progress is not None
        return Published(progress, shard.units())

    async def publish(self, publisher: SnapshotPublisher, **other: Any) -> Publication:
        """Publish once, as a worker does."""
        changes = self.partition.take_changes()
        return await publisher.publish(
            self.number,
            self.progress(**other),
            changes.changed,
            self.partition.everything,
            changes.removed,
        )


def new_publisher(url: str, prefix: str, **other: Any) -> SnapshotPublisher:
    return SnapshotPublisher(url, prefix, GENERATION, **other)


def new_reader(
    url: str, prefix: str, clock: Callable[[], int] = lambda: NOW, **other: Any
) -> SnapshotReader:
    return SnapshotReader(url, prefix, new_folding(), clock=clock, **other)


async def announce(publisher: SnapshotPublisher, partitions: int = 1) -> None:
    source = Source.of(new_folding(), GENERATION, "events", partitions)
    assert await publisher.announce(source)


def contents(partition: Partition) -> dict[str, object]:
    """What a partition counts, comparable."""
    return {str(pane): stored(partition, pane) for pane in partition.units.held}


def stored(held: Any, pane: Any) -> object:
    """A unit's canonical contents."""
    units = getattr(held.units, "held", held.units)
    return units[pane].store(new_folding().aggregates).state
