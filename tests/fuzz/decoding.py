"""Records of a topic, in every wire format: each ends in one outcome, alone or among others."""

import json
import random
import zlib
from collections.abc import Iterator
from typing import NamedTuple
from zoneinfo import ZoneInfo

from streams.catalogue_file import load
from streams.event import REASONS, Event, Rejected
from streams.folding import Folding
from streams.outcomes import OUTCOMES
from streams.panes import LIFETIME, Calendar
from streams.partition import Partition
from streams.persons.sections import Crossing, Teller
from streams.persons.shard import Shard
from streams.unit import OUTCOMES as ACCOUNT
from streams.wire import CLOUDEVENTS, SEGMENT, WireFormat
from tests.fuzz import trees
from tidegauge.simulator.disturbance import Disturbances
from tidegauge.simulator.feed import Feed

NOW = 1_767_225_600_000
CROSS_EVERY = 8
"""What is said of persons takes ten times as long to fold, so not every input is told."""
BETWEEN = b"\x1e"
"""Stands between two records; no JSON holds it as it is."""
CUSTOM = WireFormat(
    *("meta.id", "who.id", "meta.at"),
    kind="meta.kind",
    name="what",
    anonymous="who.cookie",
    sent_at="meta.sent",
    original_time="meta.original",
    received_at="meta.received",
    properties="data.values",
    traits="who.traits",
)
WIRES = (SEGMENT, CLOUDEVENTS, CUSTOM)
NAMES = {
    CLOUDEVENTS: {"messageId": "id", "event": "type", "timestamp": "time", "properties": "data"},
    CUSTOM: {"messageId": "id", "event": "what", "timestamp": "at", "properties": "values"},
}


class Row(NamedTuple):
    """A Kafka record."""

    offset: int
    timestamp: int
    value: bytes | None


class Decoding:
    """An input is the number of a wire format, and records."""

    name = "decoding"

    def __init__(self) -> None:
        calendar = Calendar(ZoneInfo("Europe/Paris"))
        self._foldings = [
            Folding(load(wire), wire, calendar, hash_key=b"key", is_bot=lambda a: "bot" in a)
            for wire in WIRES
        ]
        self._spare = [json.loads(value) for value in simulated(40, seed=2)]

    def close(self) -> None:
        """It holds nothing."""

    def seeds(self) -> Iterator[bytes]:
        """Simulated traffic, disturbances included, a few records at a time."""
        values = simulated(240, seed=1)
        for begin in range(0, len(values), 3):
            for number, wire in enumerate(WIRES):
                some = [written(value, wire) for value in values[begin : begin + 3]]
                yield bytes([number]) + BETWEEN.join(some)

    def change(self, data: bytes, rng: random.Random) -> bytes:
        """Change one record."""
        records = data[1:].split(BETWEEN)
        at = rng.randrange(len(records))
        tree = trees.change(json.loads(records[at]), rng, self._spare)
        records[at] = json.dumps(tree, ensure_ascii=rng.random() < 0.5).encode("utf-8", "replace")
        return data[:1] + BETWEEN.join(records)

    def examine(self, data: bytes) -> str:
        """Decode, fold, store and tell."""
        folding = self._foldings[(data or b"\0")[0] % len(WIRES)]
        values: list[bytes | None] = [value or None for value in data[1:].split(BETWEEN)]
        found = folding.decode(values)
        assert found == [one for value in values for one in folding.decode([value])]
        reasons = sorted({_judged(one) for one in found})
        partition = Partition(folding)
        dead = partition.fold([Row(i, NOW, value) for i, value in enumerate(values)])
        self._account_for(partition, len(values), dead=len(dead))
        if zlib.crc32(data) % CROSS_EVERY == 0:
            assert crossed(partition).everything() is not None
        return reasons[-1]

    @staticmethod
    def _account_for(partition: Partition, records: int, dead: int) -> None:
        """Records read are the sum of outcomes, and what was counted can be stored."""
        outcomes = partition.units.held[LIFETIME].state[ACCOUNT]
        assert sum(outcomes.values()) == records
        assert {outcome for (outcome,) in outcomes} <= set(OUTCOMES)
        assert outcomes.get(("dead_letter",), 0) == dead
        assert partition.snapshot() is not None


def _judged(one: Event | Rejected) -> str:
    if isinstance(one, Event):
        return "an event"
    assert one.reason in REASONS
    assert one.detail
    return f"dead letter: {one.reason}"


def crossed(partition: Partition) -> Shard:
    """A shard that was told what a partition says of persons."""
    told = partition.take_told()
    assert told is not None
    shard = Shard(partition.folding.calendar)
    (message,) = Crossing("", 0, partitions=1, shards=1).messages([(0, told, Teller(0, NOW, NOW))])
    shard.fold([Row(0, NOW, message.encode())])
    assert (shard.unread, shard.heard[0].end) == (0, partition.offset)
    return shard


def simulated(count: int, seed: int) -> list[bytes]:
    """Records of a month, and of the last hour with disturbances."""
    rates = Disturbances(late=0.05, broken=0, future=0.05, bot=0.05)
    feed = Feed(1, ZoneInfo("UTC"), seed, rates, people=20)
    history = feed.history(NOW - 40 * 86_400_000, NOW - 86_400_000, count // 2)
    values = [record.value for record in history]
    return values + [r.value for r in feed.preload(NOW - 3_600_000, NOW, count - len(values))]


def written(value: bytes, wire: WireFormat) -> bytes:
    """A Segment record in another format, as nearly as it can be said there."""
    if wire is SEGMENT:
        return value
    record = {NAMES[wire].get(key, key): part for key, part in json.loads(value).items()}
    if wire is CLOUDEVENTS:
        who = {"userId": record.get("userId"), "anonymousId": record.get("anonymousId")}
        return json.dumps(record | {"data": (record.get("data") or {}) | who}).encode()
    meta = {"id": record["id"], "at": record.get("at"), "kind": record["type"]}
    who = {"id": record.get("userId"), "cookie": record.get("anonymousId")}
    data = {"values": record.get("values")}
    return json.dumps({"meta": meta, "who": who, "what": record.get("what"), "data": data}).encode()
