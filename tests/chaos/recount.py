"""The topic counted once more: read by another client, judged and counted by other code.

Outcomes are those of `tests.oracle`, what an event counts in is what the simulator's ledger says;
neither has code of `streams`. What a flood of labels comes to is written down here.
"""

from __future__ import annotations

import bisect
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Any, NamedTuple

from tests.chaos.notes import Notes
from tests.integration.pipeline import Labels
from tests.integration.truth import LedgerByPartition
from tests.oracle.events import Accepted
from tests.oracle.judge import Judge
from tests.oracle.reading import read
from tidegauge.simulator import measure
from tidegauge.simulator.calendar import GRAINS
from tidegauge.simulator.exposition import Series, totals
from tidegauge.simulator.facts import facts
from tidegauge.simulator.ledger import Counts, Ledger
from tidegauge.simulator.record import Increment, Key

UNIT_LIMIT = 500
"""Label sets with an open label that a unit admits of a metric."""
EXPORT_LIMIT = 100
"""Series of a window that are exported of one."""
OPEN = {"page_views": "page", "feature_uses": "feature", "cancellations": "reason"}
"""Metrics with a label that may have any value."""
IN_WINDOWS = ("windowed_page_views", "windowed_feature_uses")
OTHER = "__other__"
MOST_IDS = 350
"""Ids that a partition remembers, instead of a million: here that is about as much as 10 minutes
of watermark hold, and either limit may come first."""


class Row(NamedTuple):
    """A record as another client reads it."""

    partition: int
    offset: int
    timestamp: int
    value: bytes | None

    @classmethod
    def of(cls, message: Any) -> Row:
        """Of a message of confluent_kafka."""
        return cls(message.partition(), message.offset(), message.timestamp()[1], message.value())


class BoundedLedger(Ledger):
    """Of one partition: what a unit does not admit any more counts as `__other__`."""

    def __init__(self, timezone: str) -> None:
        super().__init__(timezone)
        self._sizes: dict[int, Counter[str]] = defaultdict(Counter)

    def _count(self, pane: Counts, counts: tuple[Increment, ...]) -> None:
        admitted = (Increment(self._admit(pane, one.key), one.amount) for one in counts)
        super()._count(pane, tuple(admitted))

    def _admit(self, pane: Counts, key: Key) -> Key:
        metric, labels = key
        if metric not in OPEN or key in pane:
            return key
        held = self._sizes[id(pane)]
        if held[metric] >= UNIT_LIMIT:
            key = metric, tuple((n, OTHER if n == OPEN[metric] else v) for n, v in labels)
        held[metric] += key not in pane
        return key


class WholeLedger(LedgerByPartition):
    """Of all partitions; a window may name what its lifetime has put together with others."""

    def __init__(self, timezone: str) -> None:
        super().__init__(timezone)
        self.parts = defaultdict(lambda: BoundedLedger(timezone))

    def _window_counts(self, window: str, as_of_ms: int) -> Counts:
        merged: Counts = dict.fromkeys(self.counts["lifetime"].get(0, {}), 0)
        grain, starts = self.calendar.window(window, as_of_ms)
        for start in starts:
            for key, amount in self.counts[grain].get(start, {}).items():
                merged[key] = merged.get(key, 0) + amount
        return merged


class Recount:
    """Of all partitions; `take` the records of each in the order of the log."""

    def __init__(self, timezone: str) -> None:
        self.ledger = WholeLedger(timezone)
        self._judges: dict[int, Judge] = defaultdict(lambda: Judge(read, MOST_IDS))
        self._moves: dict[int, list[tuple[int, str, int]]] = defaultdict(list)
        """By partition: offset of the next record, total, what the record adds to it."""
        self._sums: dict[tuple[int, str], tuple[list[int], list[int]]] = {}
        self.outcomes: Counter[str] = Counter()
        self.notes = Notes()

    def take(self, row: Row) -> None:
        """Take the next record of a partition."""
        judge = self._judges[row.partition]
        outcome = judge.outcome(row)
        self.outcomes[outcome] += 1
        self.notes.take(row.partition, is_dead=outcome == "dead_letter")
        if outcome != "accepted":
            self.ledger.record(row.partition, outcome, judge.reason or None, 0, None)
            return
        time, event = judge.accepted[-1]
        kind, name = event["type"], event.get("event" if event["type"] == "track" else "name")
        said = event.get("traits" if kind == "identify" else "properties") or {}
        user = event.get("userId")
        person = str(event["anonymousId"] if user in (None, "") else user)
        counts = measure.counts(kind, name, said)
        self.ledger.record(
            row.partition,
            *(outcome, None, time, person),
            counts,
            measure.distincts(kind, name),
            facts(kind, name, said, time),
        )
        self._move(row, counts)

    def _move(self, row: Row, counts: tuple[Increment, ...]) -> None:
        for name, amount in summed_totals(totals(dict(counts))).items():
            self._moves[row.partition].append((row.offset + 1, name, amount))

    @property
    def accepted(self) -> list[Accepted]:
        """What counts, of all partitions."""
        return [one for judge in self._judges.values() for one in judge.accepted]

    def settle(self) -> None:
        """All is taken: what the parts admitted is the whole."""
        for grain in GRAINS:
            merged: dict[int, Counts] = {}
            for part in self.ledger.parts.values():
                for start, counts in part.counts[grain].items():
                    pane = merged.setdefault(start, {})
                    for key, amount in counts.items():
                        pane[key] = pane.get(key, 0) + amount
            self.ledger.counts[grain] = merged
        by_name: dict[tuple[int, str], list[tuple[int, int]]] = defaultdict(list)
        for number, moves in self._moves.items():
            for offset, name, amount in moves:
                by_name[number, name].append((offset, amount))
        for place, steps in by_name.items():
            offsets, amounts = zip(*steps, strict=True)
            self._sums[place] = list(offsets), [0, *accumulate(amounts)]

    def totals_at(self, offsets: Mapping[int, int]) -> Counter[str]:
        """What the totals are once so much of every partition is folded, in whole micro-units."""
        found: Counter[str] = Counter()
        for (number, name), (starts, sums) in self._sums.items():
            found[name] += sums[bisect.bisect_right(starts, offsets.get(number, 0))]
        return found


def summed_totals(series: Iterable[tuple[tuple[str, Labels], float]]) -> Counter[str]:
    """Totals by name and closed labels in micro-units: what may have any label is added up."""
    found: Counter[str] = Counter()
    for (name, labels), value in series:
        kept = [
            f"{key}={value}" for key, value in labels if key != OPEN.get(name[: -len("_total")])
        ]
        found[" ".join([name, *kept])] += round(value * 1_000_000)
    return found


def exported(series: Series) -> Series:
    """The series of windows as far as they are exported: the largest, and the others as one."""
    found = {key: value for key, value in series.items() if key[0] not in IN_WINDOWS}
    groups: dict[tuple[str, str], Series] = defaultdict(dict)
    for (name, labels), value in series.items():
        if name in IN_WINDOWS:
            groups[name, dict(labels)["window"]][name, labels] = value
    for (name, window), group in groups.items():
        metric = name.removeprefix("windowed_")
        ranked = sorted(group, key=lambda key: (-group[key], dict(key[1])[OPEN[metric]]))
        other = name, tuple(sorted(((OPEN[metric], OTHER), ("window", window))))
        for key in ranked[:EXPORT_LIMIT]:
            found[key] = group[key]
        for key in ranked[EXPORT_LIMIT:]:
            found[other] = found.get(other, 0) + group[key]
    return found
