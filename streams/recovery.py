"""From the rows of a changelog back to a partition.

The manifest says which units and segments of ids belong together. A unit that is missing, damaged
or older than the manifest knows moves the start back to where it can be built anew from the source;
what the source no longer holds is declared lost.
"""

from collections.abc import Collection
from typing import Generic, NamedTuple, TypeVar

import msgspec

from streams.checkpoint import (
    IDS,
    MANIFEST,
    NO_ARCHIVE,
    Entry,
    Manifest,
    Row,
    archive_name,
    pane_of,
)
from streams.folding import Folding, fingerprint
from streams.inventory import Inventory, are_panes
from streams.legacy import Legacy
from streams.losses import OPEN, before
from streams.panes import FUTURE_LIMIT, GRACE, LIFETIME, NO_WATERMARK, Pane
from streams.partition import Partition
from streams.place import Place
from streams.rows import LINEAGE, Rows
from streams.unit import StoredUnit, seal
from streams.watermark import Watermark

S = TypeVar("S")


class Unusable(ValueError):
    """There is state, but not such that a worker may go on from it; the message says why."""


class ForeignGeneration(Unusable):
    """The changelog holds the state of another topic, time zone, key or version of the fold."""

    def __init__(self, found: str, made: str) -> None:
        super().__init__(
            f"the stored state is of generation {found}, this worker makes {made}: the topic, wire "
            "format, time zone, tzdata, person key, hash key, list of bots or tidegauge's fold is "
            "another one"
        )


class LostLineage(Unusable):
    """Which of several histories counts cannot be told."""


class Recovered(NamedTuple, Generic[S]):
    """A state to go on with, and what was found."""

    partition: S
    repaired: int
    """Units that have to be built anew from the source."""
    lost: list[str]
    """What was declared lost, in words."""
    lost_records: int
    """How many offsets were found lost."""


def recover(
    folding: Folding, rows: Rows, beginning: int = 0, generation: str = ""
) -> Recovered[Partition]:
    """Make a partition of its changelog; `beginning` is the first offset the source still holds.

    Raises Unusable when there is state that must not be gone on with.
    """
    if LINEAGE in rows.damaged:
        raise LostLineage("the row of the changelog that says which state counts is damaged")
    for found in rows.generations() - {generation}:
        raise ForeignGeneration(found, generation)
    manifest = rows.read(Manifest, MANIFEST)
    if manifest is None or not are_panes(manifest.units):
        return _begin(folding, rows, beginning, generation)
    return _Recovery(folding, rows, beginning, manifest).run()


def _begin(folding: Folding, rows: Rows, beginning: int, generation: str) -> Recovered[Partition]:
    """Start where the state began, or the source does; there is no manifest, or it is damaged."""
    names = sorted(rows.names() - {MANIFEST})
    units = [unit for name in names if pane_of(name) and (unit := rows.read(StoredUnit, name))]
    began = min((unit.first.offset for unit in units), default=beginning)
    lifetime = rows.read(StoredUnit, str(LIFETIME))  # not there after half a first checkpoint
    start = beginning if lifetime is None else max(beginning, began)
    if rows.damaged and lifetime is None:
        began = 0  # what could not be read may have begun anywhere
    place = Place(start, NO_WATERMARK, start, NO_WATERMARK)
    manifest, lost = Manifest(generation, start, place), []
    if began < beginning:
        manifest.losses.declare_records(began, beginning, NO_WATERMARK)
        lost.append(f"offsets {began} to {beginning} (no manifest is left)")
    told = (loss for unit in units for loss in unit.losses)
    known = manifest.losses.believe(told, NO_WATERMARK)
    lost += [f"{loss.what} at offset {loss.first}, as was declared before" for loss in known]
    ruins: list[Row] = [(name, None) for name in names]
    if ruins:  # the witnesses of a loss go only once it is written down
        # The old one would count again until this state has come as far as it.
        ruins = [(MANIFEST, None), (MANIFEST, seal(manifest, MANIFEST)), *ruins]
    legacy = Legacy(manifest, Watermark(start), count_from=start, ruins=ruins)
    partition = Partition(folding, generation=generation, offset=start, legacy=legacy)
    return Recovered(partition, 0, lost, manifest.losses.records)


class _Recovery:
    """One recovery from a manifest."""

    def __init__(self, folding: Folding, rows: Rows, beginning: int, manifest: Manifest) -> None:
        self._folding, self._rows, self._manifest = folding, rows, manifest
        self._beginning = beginning
        self._lost: list[str] = []
        self._here = Inventory(folding, rows, manifest)
        self._entries = self._here.entries

    def run(self) -> Recovered[Partition]:
        """Decide where to begin, and make the partition."""
        known = self._manifest.losses.records
        if not self._here.is_complete and self._can_begin_anew():
            return _begin(self._folding, self._rows, self._beginning, self._manifest.generation)
        if not self._here.is_complete:
            self._lose_archive()
        broken = self._broken()
        places = {name: self._here.place_of(name, entry) for name, entry in broken.items()}
        for name in [name for name, place in places.items() if not self._can_read(place)]:
            if not self._is_dropped(name):
                self._lose_unit(name)
            del places[name], self._entries[name]
        legacy, offset = self._start(min(places.values(), default=None))
        self._fill(legacy, places)
        if self._lost:
            legacy.ruins = self._testimony()
            legacy.stale |= {LIFETIME}  # a unit that tells of it too
        partition = Partition(
            self._folding, generation=self._manifest.generation, offset=offset, legacy=legacy
        )
        if not places and self._beginning > partition.offset:
            self._lost.append(f"offsets {partition.offset} to {self._beginning}")
            partition.lose(self._beginning)
        self._believe(partition)
        found = partition.losses.records - known
        return Recovered(partition, len(places), self._lost, found)

    def _broken(self) -> dict[str, Entry]:
        """Units that are not what the manifest knows."""
        return {n: entry for n, entry in self._entries.items() if self._here.is_behind(n, entry)}

    def _is_dropped(self, name: str) -> bool:
        """Whether a writer that was further on dropped a pane: then it is not missed for long."""
        latest = self._here.latest_watermark()
        return not self._folding.calendar.is_kept(Pane.parse(name), latest)

    def _can_read(self, place: Place) -> bool:
        """Whether the source still holds all that is needed to go on from a place."""
        return self._beginning <= (place.offset if self._here.knows_ids(place) else place.horizon)

    def _start(self, place: Place | None) -> tuple[Legacy, int]:
        """What is known where reading begins, and its offset: at `place`, or at the manifest."""
        manifest = self._manifest
        block, times = manifest.place, list(manifest.times)
        offset, known = manifest.offset, self._here.has_ids(0, manifest.offset)
        if place is not None:
            block, times, offset, known = place, [], place.offset, self._here.knows_ids(place)
        if not known and block.horizon >= self._beginning:
            watermark = Watermark(block.horizon, block.horizon_watermark)
            return Legacy(manifest, watermark, count_from=offset), block.horizon
        if not known:
            self._lose_ids()
        watermark = Watermark(block.offset, block.watermark, times)
        return Legacy(manifest, watermark, offset, segments=self._here.ids_before(offset)), offset

    def _fill(self, legacy: Legacy, rebuilt: Collection[str]) -> None:
        """Hand over the units, and say which rows belong to nothing or must be written again."""
        manifest = self._manifest
        for name, stored in self._here.units.items():
            pane = pane_of(name)
            if pane is None or not self._belongs(name, stored):
                continue
            if self._folding.calendar.is_kept(pane, legacy.watermark.value):
                unit = legacy.units[pane] = self._here.loaded[name]
                legacy.durable[pane] = stored.offset
                if name not in rebuilt:  # the manifest vouches for it up to its own offset
                    unit.offset = max(unit.offset, manifest.offset)
        legacy.known = frozenset(map(Pane.parse, self._entries))
        stale = self._rows.stale_names()
        legacy.stale = frozenset(pane for name in stale if (pane := pane_of(name)))
        archive = archive_name(manifest.archive)
        if self._here.is_archived and archive not in stale and not self._lost:
            entries = {n: e for n, e in self._here.archive.items() if n in self._entries}
            again = {*rebuilt, *stale}  # these get other offsets
            legacy.archive = {Pane.parse(n): e for n, e in entries.items() if n not in again}
        first_offsets = [entry.first_offset for entry in manifest.segments]
        sound = [first for first in first_offsets if f"{IDS}{first}" not in stale]
        segments = [self._here.segments[first] for first in sound if first in self._here.segments]
        legacy.durable_ids = {segment.first_offset: len(segment.ids) for segment in segments}
        legacy.archive_before = self._here.archive_before()
        held = {MANIFEST, archive_name(legacy.archive_before), *map(str, legacy.units)}
        held |= {archive} if legacy.archive else set()
        held |= {f"{IDS}{first}" for first in legacy.durable_ids}
        legacy.orphans = sorted(self._rows.names() - held)
        at = manifest.archive if legacy.archive else NO_ARCHIVE
        legacy.manifest = msgspec.structs.replace(manifest, archive=at, since=self._since())

    def _believe(self, partition: Partition) -> None:
        """Declare what units tell of and the manifest does not.

        Whoever wrote that one was replaced before the loss, and had read what was lost. A unit that
        lies beyond it may miss that nevertheless.
        """
        held = (self._here.units[str(pane)] for pane in partition.units.held)
        told = (loss for unit in held for loss in unit.losses)
        for loss in partition.losses.believe(told, self._manifest.place.watermark):
            self._lost.append(f"{loss.what} at offset {loss.first}, as another worker has declared")

    def _testimony(self) -> list[Row]:
        """The manifest with what was found lost: known before anything covers its traces."""
        manifest = msgspec.structs.replace(
            self._manifest, units=self._entries, archive=-1, archived=0
        )
        return [(MANIFEST, seal(manifest, MANIFEST))]

    def _belongs(self, name: str, stored: StoredUnit) -> bool:
        """Whether a unit is part of the state: an orphan below the manifest was dropped before."""
        return name in self._entries or stored.offset > self._manifest.offset

    def _since(self) -> dict[str, int]:
        """Since when each metric is counted; OPEN: from the next record on.

        One that is new lacks what was read, which is not further ahead than a record may be. One
        that a worker with another catalogue did not count when it wrote units lacks that too.
        """
        since = self._manifest.since
        latest = max(self._manifest.timestamp, self._manifest.place.watermark)
        now = latest + FUTURE_LIMIT if latest > 0 else OPEN
        found = {name: since.get(name, now) for name in self._folding.metrics} if since else {}
        for stored in self._here.not_vouched_for():
            counted = {stored.catalogue[i : i + 2] for i in range(0, len(stored.catalogue), 2)}
            found |= {name: OPEN for name in found if fingerprint(name) not in counted}
        return found

    def _can_begin_anew(self) -> bool:
        """Whether the source holds every record that was ever folded."""
        losses, lifetime = self._manifest.losses, self._manifest.units.get(str(LIFETIME))
        if lifetime is None or losses.records or losses.units:
            return False
        return self._beginning <= lifetime.first.offset

    def _lose_unit(self, name: str) -> None:
        pane = Pane.parse(name)
        # Totals have no stretch of time: they begin anew, as a counter does that was reset.
        now = self._manifest.place.watermark
        begin, until = (now, now) if pane == LIFETIME else (pane.start, self._end(pane))
        self._manifest.losses.declare_unit(begin, until, name, self._manifest.offset)
        self._lost.append(f"{name}, which the source no longer holds")

    def _end(self, pane: Pane) -> int:
        return self._folding.calendar.end(pane)

    def _lose_ids(self) -> None:
        place = self._manifest.place
        # A copy carries the time of its original, which may be as old as a phone's upload.
        self._manifest.losses.declare_unit(
            before(place.horizon_watermark), OPEN, "ids", self._manifest.offset
        )
        segments = [
            entry
            if self._here.has_ids(entry.first_offset, entry.first_offset + 1)
            else msgspec.structs.replace(entry, count=0)
            for entry in self._manifest.segments
        ]
        self._manifest = msgspec.structs.replace(self._manifest, segments=segments)
        self._lost.append("ids by which repeated records are noticed")

    def _lose_archive(self) -> None:
        """Take the final panes as they are: which one is missing or old cannot be seen any more."""
        until = self._manifest.place.watermark - GRACE
        self._manifest.losses.declare_unit(NO_WATERMARK, until, "archive", self._manifest.offset)
        self._lost.append("the list of final panes; those that are left were taken as they are")
