"""The state of one source partition: a deterministic fold of its records in offset order.

The same log, cut into any batches, gives the same units. A record is folded into a unit only from
the unit's offset on, so a log may be read again from anywhere. No I/O: `snapshot` says what a
checkpoint has to write, `streams.recovery` makes a partition of what was written.
"""

from bisect import bisect_left
from collections.abc import Sequence
from operator import attrgetter

from streams.checkpoint import (
    IDS,
    MANIFEST,
    NO_ARCHIVE,
    Changes,
    Manifest,
    Row,
    SegmentEntry,
    Snapshot,
    archive_name,
)
from streams.coverage import Coverage
from streams.duplicates import Duplicates
from streams.folding import DeadLetter, Folding, Group, Tally
from streams.guards import Guards
from streams.launches.said import hear
from streams.legacy import Legacy
from streams.losses import Losses
from streams.outcomes import Judge, Record
from streams.panes import LIFETIME, Pane
from streams.persons.outbox import Outbox, Told
from streams.place import Place, Standing
from streams.stored_ids import StoredIds
from streams.unit import seal
from streams.units import Units
from streams.watermark import Watermark

OFFSET = attrgetter("offset")


class Partition:
    """One partition's units, watermark and ids; `offset` is the next record to fold."""

    def __init__(
        self,
        folding: Folding,
        *,
        generation: str = "",
        offset: int = 0,
        legacy: Legacy | None = None,
    ) -> None:
        legacy = legacy or Legacy(watermark=Watermark(offset), count_from=offset)
        manifest = legacy.manifest
        self.folding = folding
        self.generation = generation
        self.offset = offset
        self.manifest_offset = manifest.offset
        """Below it no manifest is written, and no dead letter or fact is sent again."""
        self.coverage = Coverage(manifest.begun, manifest.since, manifest.timestamp)
        self.losses: Losses = manifest.losses
        self.dead_letters = manifest.dead_letters
        self.units = Units(
            folding,
            generation,
            legacy.units,
            legacy.archive,
            legacy.durable,
            legacy.known,
            manifest.offset,
        )
        self.units.write_again(legacy.stale)
        duplicates = Duplicates(legacy.segments, folding.hash_key)
        self.judge = Judge(legacy.watermark, duplicates, folding.is_bot)
        self._count_from = legacy.count_from
        guards = {self.manifest_offset, self._count_from, *self.units.offsets()}
        self._guards = Guards(guards, offset)
        self._known_from = max(self.manifest_offset, self._count_from)
        self._whole_from = max(guards)
        self._archive_offset, self._archive_before = manifest.archive, legacy.archive_before
        """The one before goes with a manifest that may come to count again."""
        self._ids = StoredIds(generation, legacy.durable_ids)
        self.outbox = Outbox(max(self.manifest_offset, offset))
        self._gone, self._ruins = list(legacy.orphans), legacy.ruins
        self._saved = offset

    @property
    def watermark(self) -> int:
        """Event time up to which the partition has come, in milliseconds."""
        return self.judge.watermark.value

    @property
    def _standing(self) -> Standing:
        return Standing(self.offset, self.judge.place, self.losses.known)

    @property
    def is_whole(self) -> bool:
        """Whether every unit stands at `offset`; not while some are built anew or were ahead."""
        return self.offset >= self._whole_from

    @property
    def reach(self) -> int:
        """Offset up to which the state reaches, in memory or in the changelog."""
        if self.is_whole:
            return self.offset
        return max(self.offset, self.manifest_offset, *self.units.offsets())

    def fold(self, records: Sequence[Record], end: int | None = None) -> list[DeadLetter]:
        """Fold records, in offset order; return those that could not be read.

        `end`: the next offset, where others than records (of transactions) follow them. Records
        before `offset` are skipped. No snapshot ever sees half a batch.
        """
        if records and records[0].offset < self.offset:
            records = [record for record in records if record.offset >= self.offset]
        dead: list[DeadLetter] = []
        for part in self._guards.cut(records):
            before = self.watermark
            dead += self._fold(part)
            if self.watermark != before:
                self._move_on()
        self.offset = max(self.offset, end or 0)
        self._settle()
        return [letter for letter in dead if letter.offset >= self.manifest_offset]

    def lose(self, until: int) -> None:
        """Go on at `until`: the source holds nothing from `offset` to there any more.

        Raises ValueError while units or ids are built anew: recover again instead.
        """
        if self.offset < self._known_from:
            raise ValueError(f"offsets {self.offset} to {until} were needed to rebuild the state")
        self.losses.declare_records(self.offset, until, self.watermark)
        self.units.write_again((LIFETIME,))  # so that a unit tells of it too
        self.offset = until
        self.judge.resume(until)

    def _fold(self, records: Sequence[Record]) -> list[DeadLetter]:
        first = records[0].offset
        self.judge.enter(first)
        place = self.judge.place
        events = self.folding.decode([record.value for record in records])
        if first >= self._count_from and records[0].timestamp > 0:
            self.losses.close(max(records[0].timestamp, self.watermark))
        judgements = self.judge.judge(records, events)
        self.offset = records[-1].offset + 1
        if first < self._count_from:
            return []
        tally = self.folding.tally(records, events, judgements)
        for group in tally.groups.values():
            self._count(group, first, place)
        self._keep_accounts(tally, first, place)
        self._cover(records, tally)
        if first >= self.manifest_offset:
            self._note_dead_letters(records, tally)
            self.outbox.gather(tally.groups.values())
        return tally.dead

    def _cover(self, records: Sequence[Record], tally: Tally) -> None:
        """Keep track of since when each metric is counted."""
        if not self.coverage.since and tally.first is not None:
            began = self.units.held[LIFETIME].first.offset
            self.coverage.begin(*tally.first, self.folding.metrics, began)
        if records[0].offset >= self._whole_from:
            self.coverage.close(max(records[0].timestamp, self.watermark))
        if records[-1].timestamp > 0:
            self.coverage.timestamp = records[-1].timestamp

    def _count(self, group: Group, first: int, place: Place) -> None:
        units = self.units.open(self.folding.calendar.panes(group.minute), first, place)
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

    def _keep_accounts(self, tally: Tally, first: int, place: Place) -> None:
        for _, unit in self.units.open((LIFETIME,), first, place):
            for (name, labels), count in tally.accounts.items():
                unit.add(name, labels, self.folding.aggregates[name], count)
            for launch in tally.launches:
                hear(unit.state.setdefault(self.folding.launches.fold_id, {}), *launch)

    def _note_dead_letters(self, records: Sequence[Record], tally: Tally) -> None:
        dead = (bisect_left(records, one.offset, key=OFFSET) for one in tally.dead)
        self.dead_letters.note(len(records), dead)

    def take_told(self) -> Told | None:
        """What the shards of persons have to be told; None while they know more than is folded.

        All of it must be acknowledged before a manifest passes it.
        """
        if self.offset < self.outbox.begin:
            return None
        return self.outbox.take(self.offset, self.watermark)

    def _move_on(self) -> None:
        """The watermark moved."""
        self.units.drop(self.watermark)
        self.losses.forget(self.watermark)

    def snapshot(self) -> Snapshot | None:
        """Take what changed since the last snapshot; None when nothing was read.

        The caller writes it or ends the process: what was taken counts as durable from here on.
        """
        if self.offset == self._saved:
            return None
        self._saved = self.offset
        ruins, self._ruins = self._ruins, []
        is_further = self._may_write_manifest()
        final = self.units.take_final(self.watermark) if is_further else []
        units = ruins + self.units.take_dirty(self._standing)
        if not is_further:
            return Snapshot(self.offset, units, [], [], [])
        units += self._ids.take_changed(self.judge.duplicates.segments)
        archive: list[Row] = []
        if final:
            self._gone.append(archive_name(self._archive_before))
            self._archive_before, self._archive_offset = self._archive_offset, self.offset
            name = archive_name(self.offset)
            archive = [(name, seal(self.units.archive(final, self.offset), name))]
        tombstones: list[Row] = [(name, None) for name in self._take_gone()]
        manifest: list[Row] = [(MANIFEST, seal(self._manifest(), MANIFEST))]
        return Snapshot(self.offset, units, archive, manifest, tombstones)

    def _may_write_manifest(self) -> bool:
        """No regress: a partition behind the manifest it came from writes none."""
        return self.offset >= self.manifest_offset

    def _settle(self) -> None:
        """Close the block that ends at `offset`: what is held is a function of the offset alone.

        Within a block nothing is forgotten.
        """
        if self.offset < self.judge.watermark.end:
            return
        before = self.watermark
        self.judge.settle(self.offset)
        if self.watermark != before:
            self._move_on()

    def encode(self, pane: Pane) -> bytes:
        """The sealed unit of a pane, as of now."""
        return self.units.encode(pane, self._standing)

    def take_changes(self) -> Changes:
        """What changed since the last call, for whoever publishes the partition."""
        return self.units.take_changes(self._standing)

    def everything(self) -> dict[str, bytes]:
        """Every sealed unit, as of now."""
        return {str(pane): self.encode(pane) for pane in sorted(self.units.held)}

    def _manifest(self) -> Manifest:
        segments = self.judge.duplicates.segments
        return Manifest(
            generation=self.generation,
            offset=self.offset,
            place=self.judge.place,
            times=self.judge.watermark.times,
            units=self.units.entries(),
            archive=self._archive_offset,
            archived=self.units.archived,
            segments=[SegmentEntry(s.first_offset, s.watermark, len(s.ids)) for s in segments],
            begun=self.coverage.begun,
            timestamp=self.coverage.timestamp,
            since=self.coverage.since,
            losses=self.losses,
            dead_letters=self.dead_letters,
        )

    def _take_gone(self) -> list[str]:
        """Names of the rows that nothing needs once the manifest is written."""
        segments = self.judge.duplicates.segments
        held = {str(pane) for pane in self.units.held}
        held |= {f"{IDS}{segment.first_offset}" for segment in segments}
        archives = (self._archive_offset, self._archive_before, NO_ARCHIVE)
        held |= {archive_name(offset) for offset in archives}
        others, self._gone = [name for name in self._gone if name not in held], []
        return [*self.units.take_dropped(), *others, *self._ids.take_gone(segments)]

    def canonical(self) -> dict[str, bytes]:
        """Every unit's contents and the watermark in canonical form, whatever the batches were."""
        state = {
            str(pane): seal(unit.store(self.folding.aggregates).state)
            for pane, unit in self.units.held.items()
        }
        return state | {"watermark": seal([self.offset, self.watermark, self.coverage.since])}
