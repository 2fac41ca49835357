"""The units of a partition in memory: which exist, which changed, which are durable.

A pane's unit is opened with its first record, changed until the pane is final, and dropped when the
pane is kept no longer. The rules that make reading the log again harmless stand here: the guard
(`_takes`) and finality (`_may_open`).
"""

from collections.abc import Iterable, Mapping

from streams.checkpoint import Archive, Changes, Entry, Row, digest
from streams.folding import Folding
from streams.panes import LIFETIME, NO_WATERMARK, Pane
from streams.place import Place, Standing
from streams.unit import Unit, seal

NEVER = 1 << 62


class Units:
    """Units by pane; `known` are the panes that a manifest at `known_until` listed."""

    def __init__(
        self,
        folding: Folding,
        generation: str,
        held: dict[Pane, Unit],
        archive: Mapping[Pane, Entry],
        durable: Mapping[Pane, int],
        known: frozenset[Pane],
        known_until: int,
    ) -> None:
        self.held = held
        self._folding = folding
        self._calendar = folding.calendar
        self._generation = generation
        self._known, self._known_until = known, known_until
        self._durable = dict(durable)
        self._archive = dict(archive)
        self.archived = 0
        """Digest of the archive's entries of panes that are held."""
        for pane, entry in self._archive.items():
            self._digest(pane, entry)
        self._dirty: set[Pane] = set()
        self._unpacked: set[Pane] = set()
        self._changed: set[Pane] = set()
        self._removed: list[str] = []
        self._dropped: list[str] = []
        self._next_drop = self._next_final = NO_WATERMARK

    def open(self, panes: Iterable[Pane], first: int, place: Place) -> list[tuple[Pane, Unit]]:
        """The units that take records from offset `first` on, created where they are missing."""
        found = []
        for pane in panes:
            unit = self.held.get(pane)
            if unit is None:
                if not self._may_open(pane, first, place.watermark):
                    continue
                unit = self.held[pane] = Unit(place.offset, place)
                self._next_drop = min(self._next_drop, self._calendar.kept_until(pane))
                self._next_final = min(self._next_final, self._calendar.final_at(pane))
            if self._takes(unit, first):
                found.append((pane, unit))
                self._dirty.add(pane)
                self._changed.add(pane)
        return found

    def _takes(self, unit: Unit, offset: int) -> bool:
        """The guard: what lies below a unit's offset is folded in already."""
        return offset >= unit.offset

    def _may_open(self, pane: Pane, first: int, watermark: int) -> bool:
        """Whether a pane without a unit gets one.

        Finality: below the manifest a pane that it did not know had been dropped for good before.
        """
        if first < self._known_until and pane not in self._known:
            return False
        return self._calendar.is_kept(pane, watermark)

    def drop(self, watermark: int) -> None:
        """Drop the units that are kept no longer; looks at all of them only when one must go."""
        if watermark < self._next_drop:
            return
        ends = {pane: self._calendar.kept_until(pane) for pane in self.held}
        for pane in [pane for pane, end in ends.items() if end <= watermark]:
            del self.held[pane], ends[pane]
            self._dirty.discard(pane)
            self._unpacked.discard(pane)
            self._changed.discard(pane)
            self._removed.append(str(pane))
            if self._durable.pop(pane, None) is not None:
                self._dropped.append(str(pane))
            if pane in self._archive:
                self._digest(pane, self._archive.pop(pane))
        self._next_drop = min(ends.values(), default=NEVER)

    def encode(self, pane: Pane, standing: Standing, *, is_shared: bool = False) -> bytes:
        """The sealed unit of a pane: to be stored, or shared with who reads what is published."""
        unit, folding = self.held[pane], self._folding
        stored = unit.store(
            folding.aggregates,
            standing,
            self._generation,
            folding.fingerprint,
            is_shared=is_shared,
        )
        return seal(stored, str(pane))

    def write_again(self, panes: Iterable[Pane]) -> None:
        """Let the next checkpoint write units that did not change."""
        self._dirty |= self.held.keys() & set(panes)

    def take_dirty(self, standing: Standing) -> list[Row]:
        """Rows of the units that changed since the last call; they count as durable from here.

        What is over is packed meanwhile.
        """
        rows: list[Row] = []
        self._unpacked |= self._dirty
        self._pack(standing.place.watermark)
        for pane in sorted(self._dirty):
            rows.append((str(pane), self.encode(pane, standing)))
            unit = self.held[pane]
            unit.offset = self._durable[pane] = max(unit.offset, standing.offset)
        self._dirty = set()
        return rows

    def _pack(self, watermark: int) -> None:
        """Hold panes that are over in less memory: little will still come for them.

        The units of four hours at 100 events a second take 28 MB so, and 61 without.
        """
        over = {pane for pane in self._unpacked if self._calendar.end(pane) <= watermark}
        for pane in over:
            self.held[pane].pack(self._folding.aggregates)
        self._unpacked -= over

    def take_dropped(self) -> list[str]:
        """Names of the durable units that were dropped since the last call."""
        dropped, self._dropped = self._dropped, []
        return dropped

    def take_changes(self, standing: Standing) -> Changes:
        """What changed since the last call, for whoever publishes the partition."""
        panes = sorted(self._changed)
        changed = {str(pane): self.encode(pane, standing, is_shared=True) for pane in panes}
        removed, self._changed, self._removed = self._removed, set(), []
        return Changes(changed, removed)

    def take_final(self, watermark: int) -> list[Pane]:
        """The panes that have become final since the last call.

        They are written once more: a row of somebody who stood still meanwhile may have landed
        after theirs, and compaction would keep that one.
        """
        if watermark < self._next_final:
            return []
        left = [pane for pane in self.held if pane not in self._archive and pane != LIFETIME]
        final = [pane for pane in left if self._calendar.is_final(pane, watermark)]
        waiting = (self._calendar.final_at(pane) for pane in left)
        self._next_final = min((at for at in waiting if at > watermark), default=NEVER)
        self._dirty |= set(final)
        return final

    def archive(self, final: Iterable[Pane], offset: int) -> Archive:
        """Move the entries of panes, which are written, to the archive."""
        for pane in final:
            self._archive[pane] = self._entry(pane)
            self._digest(pane, self._archive[pane])
        entries = {str(pane): entry for pane, entry in sorted(self._archive.items())}
        return Archive(self._generation, offset, entries)

    def _digest(self, pane: Pane, entry: Entry) -> None:
        """Put an entry into the digest, or take it out."""
        self.archived ^= digest(str(pane), entry.offset)

    def entries(self) -> dict[str, Entry]:
        """The manifest's entries: every unit that is not in the archive."""
        panes = sorted(self.held.keys() - self._archive.keys())
        return {str(pane): self._entry(pane) for pane in panes}

    def _entry(self, pane: Pane) -> Entry:
        return Entry(self._durable[pane], self.held[pane].first)

    def offsets(self) -> set[int]:
        """Every offset at which some unit begins to take records."""
        return {unit.offset for unit in self.held.values()}
