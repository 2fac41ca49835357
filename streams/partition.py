"""The state of one source partition: a deterministic fold of its records in offset order.

The same log, cut into any batches, gives the same units. A record is folded into a unit only from
the unit's offset on, so a log may be read again from anywhere. No I/O: `snapshot` says what a
checkpoint has to write, `streams.recovery` makes a partition of what was written.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import msgspec

from streams.checkpoint import Changes, Entry, Manifest, Snapshot, StoredSegment
from streams.duplicates import Duplicates, Segment
from streams.folding import DeadLetter, Folding, Group, Tally
from streams.outcomes import Judge, Record
from streams.panes import LIFETIME, NO_WATERMARK, Pane
from streams.unit import Unit, seal
from streams.watermark import Watermark, block_start


class Partition:
    """One partition's units, watermark and ids; `offset` is the next record to fold."""

    def __init__(
        self,
        folding: Folding,
        *,
        generation: str = "",
        offset: int = 0,
        watermark: Watermark | None = None,
        units: dict[Pane, Unit] | None = None,
        segments: Iterable[Segment] = (),
        since: dict[str, int] | None = None,
        manifest: Manifest | None = None,
    ) -> None:
        self.folding = folding
        self.generation = generation
        self.offset = offset
        self.units = units or {}
        self.since = since or {}
        self.judge = Judge(
            watermark or Watermark(block_start(offset)), Duplicates(list(segments)), folding.is_bot
        )
        self.manifest_offset = manifest.offset if manifest else 0
        self._manifest_panes = frozenset(manifest.units) if manifest else frozenset()
        # The manifest's offset is one too: below it no pane is opened that the manifest lacks.
        guards = {self.manifest_offset, *(unit.offset for unit in self.units.values())}
        self._guards = sorted(guard for guard in guards if guard > offset)
        self._durable = {pane: unit.offset for pane, unit in self.units.items()}
        self._durable_ids = {segment.first_offset: len(segment.ids) for segment in segments}
        self._saved = offset
        self._dirty: set[Pane] = set()
        self._tombstones: list[str] = []
        self._next_eviction = NO_WATERMARK
        self._changed: set[Pane] = set()
        self._removed: list[str] = []

    @property
    def watermark(self) -> int:
        """Event time up to which the partition has come, in milliseconds."""
        return self.judge.watermark.value

    def fold(self, records: Sequence[Record]) -> list[DeadLetter]:
        """Fold records, in offset order; return those that could not be read.

        Records before `offset` are skipped. Synchronous: no snapshot ever sees half a batch.
        """
        if records and records[0].offset < self.offset:
            records = [record for record in records if record.offset >= self.offset]
        dead: list[DeadLetter] = []
        for part in self._parts(records):
            before = self.watermark
            dead += self._fold(part)
            if self.watermark != before:
                self._evict()
        return [letter for letter in dead if letter.offset >= self.manifest_offset]

    def _parts(self, records: Sequence[Record]) -> Iterator[Sequence[Record]]:
        """Cut at the units' offsets, so that each unit takes all of a part or nothing."""
        if not records:
            return
        if not self._guards or records[0].offset >= self._guards[-1]:
            self._guards = []
            yield records
            return
        cuts = [
            i
            for i, (a, b) in enumerate(pairwise(records), 1)
            if any(a.offset < guard <= b.offset for guard in self._guards)
        ]
        for start, end in pairwise([0, *cuts, len(records)]):
            yield records[start:end]

    def _fold(self, records: Sequence[Record]) -> list[DeadLetter]:
        first = records[0].offset
        self.judge.enter(first)
        origin = self.judge.watermark.start, self.watermark
        events = self.folding.decode([record.value for record in records])
        tally = self.folding.tally(records, events, self.judge.judge(records, events))
        for group in tally.groups.values():
            self._count(group, first, origin)
        self._keep_accounts(tally, first, origin)
        if not self.since and tally.first_time is not None:
            self.since = dict.fromkeys(self.folding.metrics, tally.first_time)
        self.offset = records[-1].offset + 1
        return tally.dead

    def _count(self, group: Group, first: int, origin: tuple[int, int]) -> None:
        units = self._open_units(self.folding.calendar.panes(group.minute), first, origin)
        for rule in group.route.rules:
            labels = rule.labels(group.labels)
            amount = group.amount(rule)
            if labels is None or amount is None:
                continue
            aggregate = self.folding.aggregates[rule.metric]
            for pane, unit in units:
                if rule.kind == "distinct" and pane is LIFETIME:
                    continue
                room = not rule.limit or unit.has_room(rule.metric, labels, rule.limit)
                unit.add(rule.metric, labels if room else rule.overflow(labels), aggregate, amount)

    def _keep_accounts(self, tally: Tally, first: int, origin: tuple[int, int]) -> None:
        for _, unit in self._open_units((LIFETIME,), first, origin):
            for (name, labels), count in tally.accounts.items():
                unit.add(name, labels, self.folding.aggregates[name], count)

    def _open_units(
        self, panes: Iterable[Pane], first: int, origin: tuple[int, int]
    ) -> list[tuple[Pane, Unit]]:
        """The units that take records from offset `first` on, created where they are missing."""
        found = []
        for pane in panes:
            unit = self.units.get(pane)
            if unit is None:
                if not self.folding.calendar.is_kept(pane, self.watermark):
                    continue
                if first < self.manifest_offset and str(pane) not in self._manifest_panes:
                    continue  # it was dropped for good before the manifest was written
                unit = self.units[pane] = Unit(*origin, *origin)
                self._next_eviction = min(
                    self._next_eviction, self.folding.calendar.kept_until(pane)
                )
            if first >= unit.offset:  # the guard
                found.append((pane, unit))
                self._dirty.add(pane)
                self._changed.add(pane)
        return found

    def _evict(self) -> None:
        """Drop the units that are kept no longer; looks at all of them only when one must go."""
        if self.watermark < self._next_eviction:
            return
        ends = {pane: self.folding.calendar.kept_until(pane) for pane in self.units}
        for pane in [pane for pane, end in ends.items() if end <= self.watermark]:
            del self.units[pane], ends[pane]
            self._dirty.discard(pane)
            self._changed.discard(pane)
            self._removed.append(str(pane))
            if self._durable.pop(pane, None) is not None:
                self._tombstones.append(str(pane))
        self._next_eviction = min(ends.values(), default=NO_WATERMARK)

    def snapshot(self) -> Snapshot | None:
        """Take what changed since the last snapshot; None when nothing was folded.

        The caller writes it or ends the process: what was taken counts as durable from here on.
        """
        if self.offset == self._saved:
            return None
        self.judge.enter(self.offset)
        self._evict()
        units = [(str(pane), self.encode(pane)) for pane in sorted(self._dirty)]
        for pane in self._dirty:
            self.units[pane].offset = self._durable[pane] = self.offset
        units += self._changed_segments()
        self._dirty = set()
        self._saved = self.offset
        if self.offset < self.manifest_offset:
            return Snapshot(self.offset, units, None, [])
        tombstones, self._tombstones = self._tombstones, []
        return Snapshot(self.offset, units, seal(self._manifest()), tombstones)

    def encode(self, pane: Pane) -> bytes:
        """The sealed unit of a pane, as of now."""
        stored = self.units[pane].store(self.folding.aggregates, self.generation)
        now = msgspec.structs.replace(stored, offset=self.offset, watermark=self.watermark)
        return seal(now)

    def take_changes(self) -> Changes:
        """What changed since the last call, for whoever publishes the partition."""
        changed = {str(pane): self.encode(pane) for pane in sorted(self._changed)}
        removed, self._changed, self._removed = self._removed, set(), []
        return Changes(changed, removed)

    def everything(self) -> dict[str, bytes]:
        """Every sealed unit, as of now."""
        return {str(pane): self.encode(pane) for pane in sorted(self.units)}

    def _manifest(self) -> Manifest:
        units = {
            str(pane): Entry(self._durable[pane], unit.first_offset, unit.first_watermark)
            for pane, unit in sorted(self.units.items())
        }
        return Manifest(
            self.generation,
            self.offset,
            self.watermark,
            units,
            sorted(self._durable_ids),
            self.since,
        )

    def _changed_segments(self) -> list[tuple[str, bytes]]:
        live = {segment.first_offset: segment for segment in self.judge.duplicates.segments}
        for gone in self._durable_ids.keys() - live.keys():
            self._tombstones.append(f"ids/{gone}")
            del self._durable_ids[gone]
        changed = [s for key, s in live.items() if self._durable_ids.get(key) != len(s.ids)]
        self._durable_ids = {key: len(segment.ids) for key, segment in live.items()}
        return [
            (f"ids/{s.first_offset}", seal(StoredSegment.of(s, self.generation))) for s in changed
        ]

    def canonical(self) -> dict[str, bytes]:
        """Every unit's contents and the watermark in canonical form, whatever the batches were."""
        self.judge.enter(self.offset)
        self._evict()
        state = {
            str(p): seal(u.store(self.folding.aggregates).state) for p, u in self.units.items()
        }
        return state | {"watermark": seal([self.offset, self.watermark, self.since])}
