"""Two partitions of a source, two shards of persons, and the logs between them."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from streams.duplicates import Duplicates
from streams.event import Rejected
from streams.folding import Folding
from streams.outcomes import Judge
from streams.panes import MINUTE, Pane
from streams.persons.heard import newest
from streams.persons.names import HEALTH
from streams.persons.shard import Shard
from streams.watermark import Watermark
from tests.simulation.changelog import Changelog
from tests.simulation.process import World
from tests.simulation.source import Row, Source
from tests.simulation.truth import Truth, Wrong
from tests.streams.persons.by_hand import Said, Sheet, sheets

PARTITIONS = 2
SHARDS = 2


@dataclass
class FactsLog:
    """One partition of the facts topic; readable from `beginning` on."""

    rows: list[Row] = field(default_factory=list)
    beginning: int = 0

    def append(self, raw: bytes) -> None:
        """Let a message land."""
        self.rows.append(Row(len(self.rows), 0, raw))


@dataclass
class Crossing:
    """Everything outside of the processes."""

    folding: Folding
    sources: list[World]
    facts: list[FactsLog] = field(default_factory=lambda: [FactsLog() for _ in range(SHARDS)])
    changelogs: list[Changelog] = field(
        default_factory=lambda: [Changelog() for _ in range(SHARDS)]
    )

    @classmethod
    def make(cls, folding: Folding, rng: random.Random) -> "Crossing":
        """Logs drawn from a seed."""
        sources = [Source(rng, is_tame=False, said=SAID) for _ in range(PARTITIONS)]
        return cls(folding, [World(folding, s, Truth(folding, s)) for s in sources])

    def __post_init__(self) -> None:
        self._said = [self._judge(world.source) for world in self.sources]

    def _judge(self, source: Source) -> list[tuple[int, Said]]:
        """Offset of every accepted event, and each fact it says of its person."""
        events = self.folding.decode([row.value for row in source.rows])
        judge = Judge(Watermark(0), Duplicates(), self.folding.is_bot)
        return [
            (row.offset, Said(self.folding.hash_person(event.person), *fact))
            for row, event, (outcome, time) in zip(
                source.rows, events, judge.judge(source.rows, events), strict=True
            )
            if outcome == "accepted"
            and not isinstance(event, Rejected)
            and event.person is not None
            for fact in _facts(json.loads(row.value or b""), time)
        ]

    def check(self, shard: Shard, number: int, what: str) -> None:
        """Compare a shard with a recount of all it has heard. Raises Wrong."""
        said = [
            fact
            for source, heard in shard.heard.items()
            for offset, fact in self._said[source]
            if offset < heard.end and fact.person % SHARDS == number
        ]
        calendar, watermark = self.folding.calendar, newest(shard.heard)
        truth, ours = sheets(said, calendar.zone), counted(shard)
        for pane in sorted(ours.keys() | truth.keys()):
            is_kept = calendar.is_kept(Pane.parse(pane), watermark)
            if is_kept and ours.get(pane) != truth.get(pane) and not self._is_lost(shard, pane):
                told = f"{ours.get(pane)}, not {truth.get(pane)}"
                raise Wrong(f"{what}: {pane}: {told}; {shard.heard}; {shard.losses}")

    def _is_lost(self, shard: Shard, name: str) -> bool:
        pane = Pane.parse(name)
        end = self.folding.calendar.end(pane)
        return any(loss.touches(pane, end) for loss in shard.losses.known)


SAID = ("Feature Used", "NPS Answered", "Subscription Started", "Subscription Cancelled")
PASSIVE = ("NPS Answered", "Subscription Cancelled")


def _facts(event: dict[str, Any], time: int) -> Iterator[tuple[str, str, int]]:
    """Name, label and time of each fact an event says."""
    minute = time - time % MINUTE
    name, properties = event.get("event"), event.get("properties", {})
    if event["type"] == "page" or name not in PASSIVE:
        yield "active", "", minute
    if name == "Feature Used":
        yield "used", "__none__", minute
    elif name == "Order Completed" and properties["revenue"] in (1, 0.1, 250, 9.99):
        yield "bought", "USD", minute
    elif name == "NPS Answered" and properties["score"] <= 10:
        yield "nps", str(properties["score"]), time
    elif name == "Subscription Started":
        yield "subscription", properties["plan"], time
    elif name == "Subscription Cancelled":
        yield "subscription", "", time


def counted(shard: Shard) -> dict[str, Sheet]:
    """The sheets of a shard, without what came to nothing and the health of customers."""
    full = {
        str(pane): {
            name: dict(series) for name, series in sheet.items() if series and name != HEALTH
        }
        for pane, sheet in shard.people.sheets.held.items()
    }
    return {pane: sheet for pane, sheet in full.items() if sheet}
