"""What a changelog holds of what its manifest lists: which rows are here, and how new they are."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from streams.checkpoint import (
    ARCHIVE,
    IDS,
    NO_ARCHIVE,
    Archive,
    Entry,
    Manifest,
    StoredSegment,
    archive_name,
    digest,
    pane_of,
)
from streams.duplicates import Segment
from streams.folding import Folding
from streams.panes import Pane
from streams.place import Place
from streams.rows import Rows
from streams.unit import StoredUnit, Unit


class Inventory:
    """The readable rows of a partition beside its manifest; damaged ones are missing here."""

    def __init__(self, folding: Folding, rows: Rows, manifest: Manifest) -> None:
        self._folding, self._rows, self._manifest = folding, rows, manifest
        self.loaded: dict[str, Unit] = {}
        """Those of `units`, as they are counted in."""
        self.units = self._read_units()
        self.segments = self._read_segments()
        self.is_archived = False
        """Whether `archive` is what stands in the archive, and not made of the units."""
        self.is_complete = True
        """Whether `archive` is all that the manifest knows to be final."""
        self.archive = self._read_archive()
        """The entries of final panes."""
        self.entries = _latest(self.archive, manifest.units)
        """All that the manifest lists."""

    def is_behind(self, name: str, entry: Entry) -> bool:
        """Whether something from before the manifest is missing; what follows it is read anyway.

        A manifest lists units that lie beyond it, where its writer had found them there.
        """
        held, until = self.units.get(name), self._manifest.offset
        return (
            entry.first.offset < until if held is None else held.offset < min(entry.offset, until)
        )

    def not_vouched_for(self) -> Iterator[StoredUnit]:
        """Units that are not those which the manifest's writer had: later ones, or older."""
        for name, unit in self.units.items():
            entry = self.entries.get(name)
            if unit.offset > self._manifest.offset or (entry and unit.offset != entry.offset):
                yield unit

    def place_of(self, name: str, entry: Entry) -> Place:
        """Where a unit that is not what its entry says has to be gone on with."""
        held = self.units.get(name)
        return held.place if held else entry.first

    def knows_ids(self, place: Place) -> bool:
        """Whether every segment of the ids remembered at a place is here."""
        if place.horizon == place.offset:
            return True  # none are
        segments = self._manifest.segments
        reach_back = bool(segments) and segments[0].first_offset <= place.horizon
        return reach_back and self.has_ids(place.horizon, place.offset)

    def has_ids(self, begin: int, end: int) -> bool:
        """Whether the segments that begin in a range of offsets hold what the manifest says."""
        entries = self._manifest.segments
        needed = [entry for entry in entries if begin <= entry.first_offset < end and entry.count]
        return all(self._has(entry.first_offset, entry.count) for entry in needed)

    def _has(self, first_offset: int, count: int) -> bool:
        segment = self.segments.get(first_offset)
        return segment is not None and len(segment.ids) >= count

    def ids_before(self, offset: int) -> list[Segment]:
        """The segments as they stood when `offset` was the next record."""
        found = []
        for entry in self._manifest.segments:
            if entry.first_offset < offset:
                empty = Segment(entry.first_offset, entry.watermark)
                found.append(self.segments.get(entry.first_offset, empty).before(offset))
        return found

    def _read_archive(self) -> dict[str, Entry]:
        """The archive's entries; those of the units that belong there when it is lost."""
        manifest = self._manifest
        if manifest.archive < 0:
            return {}
        archive = self._rows.read(Archive, archive_name(manifest.archive))
        if archive and are_panes(archive.units):
            self.is_archived = True
            return {name: entry for name, entry in archive.units.items() if self._is_final(name)}
        found = {
            name: Entry(unit.offset, unit.first)
            for name, unit in self.units.items()
            if unit.offset <= manifest.offset
            and name not in manifest.units
            and self._is_final(name)
        }
        known = 0
        for name, entry in found.items():
            known ^= digest(name, entry.offset)
        self.is_complete = known == manifest.archived
        return found

    def archive_before(self) -> int:
        """Offset of the archive before the manifest's; NO_ARCHIVE without one."""
        names = (name for name in self._rows.names() if name.startswith(ARCHIVE))
        tails = (name.removeprefix(ARCHIVE) for name in names)
        offsets = (int(tail) for tail in tails if tail.isascii() and tail.isdigit())
        return max((at for at in offsets if at < self._manifest.archive), default=NO_ARCHIVE)

    def _is_final(self, name: str) -> bool:
        """Whether a pane is final where the manifest stands, and still kept."""
        pane, watermark = Pane.parse(name), self._manifest.place.watermark
        calendar = self._folding.calendar
        return calendar.is_final(pane, watermark) and calendar.is_kept(pane, watermark)

    def _read_units(self) -> dict[str, StoredUnit]:
        found = {}
        for name in [name for name in self._rows.names() if pane_of(name)]:
            stored = self._rows.read(StoredUnit, name)
            # Where the checksum is right and the contents cannot be: as good as damaged.
            with suppress(ValueError):
                if stored:
                    unit = Unit.load(stored, self._folding.aggregates)
                    unit.check(self._folding.label_counts)
                    self.loaded[name], found[name] = unit, stored
        return found

    def _read_segments(self) -> dict[int, Segment]:
        found = {}
        for name in [name for name in self._rows.names() if name.startswith(IDS)]:
            stored = self._rows.read(StoredSegment, name)
            with suppress(ValueError):  # likewise
                if stored:
                    found[stored.first_offset] = stored.segment()
        return found

    def latest_watermark(self) -> int:
        """The latest that any writer of these rows had seen."""
        watermarks = (stored.place.watermark for stored in self.units.values())
        return max([self._manifest.place.watermark, *watermarks])


def are_panes(names: Iterable[str]) -> bool:
    """Whether all names are of units."""
    return all(pane_of(name) is not None for name in names)


def _latest(*sources: Mapping[str, Entry]) -> dict[str, Entry]:
    """Entries by name; of two the one with the larger offset."""
    found: dict[str, Entry] = {}
    for source in sources:
        for name, entry in source.items():
            if name not in found or found[name].offset < entry.offset:
                found[name] = entry
    return found
