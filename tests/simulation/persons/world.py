"""Two partitions of a source, two shards of persons, and the logs between them."""

import random
from dataclasses import dataclass, field

from streams.duplicates import Duplicates
from streams.event import INTERACTIONS, Rejected
from streams.folding import Folding
from streams.outcomes import Judge
from streams.panes import MINUTE, Pane
from streams.persons.heard import newest
from streams.persons.shard import Shard
from streams.watermark import Watermark
from tests.simulation.changelog import Changelog
from tests.simulation.process import World
from tests.simulation.source import Row, Source
from tests.simulation.truth import Truth, Wrong
from tests.streams.persons.by_hand import Minute, Sheet, sheets

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
        sources = [Source(rng, is_tame=False) for _ in range(PARTITIONS)]
        return cls(folding, [World(folding, s, Truth(folding, s)) for s in sources])

    def __post_init__(self) -> None:
        self._active = [self._judge(world.source) for world in self.sources]

    def _judge(self, source: Source) -> list[tuple[int, Minute]]:
        """Offset and minute of every accepted event by which a person is active."""
        events = self.folding.decode([row.value for row in source.rows])
        judge = Judge(Watermark(0), Duplicates(), self.folding.is_bot)
        return [
            (row.offset, Minute(self.folding.hash_person(event.person), found.time // MINUTE))
            for row, event, found in zip(
                source.rows, events, judge.judge(source.rows, events), strict=True
            )
            if found.outcome == "accepted"
            and not isinstance(event, Rejected)
            and event.person is not None
            and event.kind in INTERACTIONS
            and not (event.kind == "track" and event.name in self.folding.catalogue.inactive)
        ]

    def check(self, shard: Shard, number: int, what: str) -> None:
        """Compare a shard with a recount of all it has heard. Raises Wrong."""
        seen = [
            minute
            for source, heard in shard.heard.items()
            for offset, minute in self._active[source]
            if offset < heard.end and minute.person % SHARDS == number
        ]
        calendar, watermark = self.folding.calendar, newest(shard.heard)
        truth, ours = sheets(seen, calendar.zone), counted(shard)
        for pane in sorted(ours.keys() | truth.keys()):
            is_kept = calendar.is_kept(Pane.parse(pane), watermark)
            if is_kept and ours.get(pane) != truth.get(pane) and not self._is_lost(shard, pane):
                told = f"{ours.get(pane)}, not {truth.get(pane)}"
                raise Wrong(f"{what}: {pane}: {told}; {shard.heard}; {shard.losses}")

    def _is_lost(self, shard: Shard, name: str) -> bool:
        pane = Pane.parse(name)
        end = self.folding.calendar.end(pane)
        return any(loss.touches(pane, end) for loss in shard.losses.known)


def counted(shard: Shard) -> dict[str, Sheet]:
    """The sheets of a shard, without what came to nothing."""
    full = {
        str(pane): {name: dict(series) for name, series in sheet.items() if series}
        for pane, sheet in shard.sheets.held.items()
    }
    return {pane: sheet for pane, sheet in full.items() if sheet}
