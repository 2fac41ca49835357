"""From the records of a changelog back to a partition.

Of every key the record with the largest offset counts, wherever it stands in the log. The
manifest says which units and segments belong together; a unit that is missing, damaged or older
than the manifest knows moves the start back to where it can be built anew from the source.
"""

from collections.abc import Iterable
from typing import NamedTuple, TypeVar

from streams.checkpoint import MANIFEST, Manifest, StoredSegment, pane_of
from streams.duplicates import Segment
from streams.folding import Folding
from streams.panes import NO_WATERMARK, Pane
from streams.partition import Partition
from streams.unit import Damaged, StoredUnit, Unit, unseal
from streams.watermark import Watermark, block_start

T = TypeVar("T", Manifest, StoredUnit, StoredSegment)


class ForeignGeneration(ValueError):
    """The changelog holds the state of another topic, time zone, key or version of the fold."""


class Recovered(NamedTuple):
    """A partition to go on with, and how many of its units have to be built anew."""

    partition: Partition
    repaired: int


class Changelog:
    """What a changelog holds of one partition: the newest readable record of every key."""

    def __init__(self, rows: Iterable[tuple[str, bytes | None]], generation: str) -> None:
        self._generation = generation
        self.manifest: Manifest | None = None
        self.units: dict[str, StoredUnit] = {}
        self.segments: dict[str, StoredSegment] = {}
        for key, raw in rows:
            self._take(key, raw)

    def _take(self, key: str, raw: bytes | None) -> None:
        if key == MANIFEST:
            found = self._read(Manifest, raw)
            if found and (self.manifest is None or found.offset >= self.manifest.offset):
                self.manifest = found
        elif key.startswith("ids/"):
            segment = self._read(StoredSegment, raw)
            if segment and len(segment.ids) >= len(getattr(self.segments.get(key), "ids", b"")):
                self.segments[key] = segment
            elif raw is None:
                self.segments.pop(key, None)
        else:
            unit = self._read(StoredUnit, raw)
            held = self.units.get(key)
            if unit and (held is None or unit.offset >= held.offset):
                self.units[key] = unit
            elif raw is None:
                self.units.pop(key, None)

    def _read(self, kind: type[T], raw: bytes | None) -> T | None:
        """A readable record; a damaged one reads as missing."""
        if raw is None:
            return None
        try:
            found = unseal(kind, raw)
        except Damaged:
            return None
        if found.generation != self._generation:
            raise ForeignGeneration(
                f"the stored state is of generation {found.generation}, this worker makes "
                f"{self._generation}: the topic, wire format, time zone, tzdata, person key, "
                "hash key, list of bots or tidegauge's fold is another one"
            )
        return found


def recover(
    folding: Folding,
    rows: Iterable[tuple[str, bytes | None]],
    beginning: int = 0,
    generation: str = "",
) -> Recovered:
    """Make a partition of its changelog; `beginning` is where a source without one is begun.

    Raises UnknownVersion when a record was written by a version whose form is not known, and
    ForeignGeneration when it belongs to another state.
    """
    log = Changelog(rows, generation)
    manifest = log.manifest
    if manifest is None:
        return Recovered(Partition(folding, generation=generation, offset=beginning), 0)
    start = (block_start(manifest.offset), manifest.watermark)
    repaired = 0
    for key, entry in manifest.units.items():
        held = log.units.get(key)
        if held is not None and held.offset >= entry.offset:
            continue
        repaired += 1
        start = min(
            start,
            (block_start(held.offset), held.watermark)
            if held
            else (entry.first_offset, entry.first_watermark),
        )
    watermark = Watermark(*start)
    now = max(manifest.since.values(), default=0)
    if manifest.watermark != NO_WATERMARK:
        now = manifest.watermark
    since = {name: manifest.since.get(name, now) for name in folding.metrics}
    partition = Partition(
        folding,
        generation=generation,
        offset=start[0],
        watermark=watermark,
        units=_units(folding, log, manifest, watermark.value),
        segments=_segments(log, manifest),
        since=since if manifest.since else None,
        manifest=manifest,
    )
    return Recovered(partition, repaired)


def _units(
    folding: Folding, log: Changelog, manifest: Manifest, watermark: int
) -> dict[Pane, Unit]:
    """The units to go on with: those of the manifest, and newer ones a checkpoint left behind."""
    units = {}
    for key, stored in log.units.items():
        pane = pane_of(key)
        if pane is None or not (key in manifest.units or stored.offset > manifest.offset):
            continue
        if folding.calendar.is_kept(pane, watermark):
            units[pane] = Unit.load(stored, folding.aggregates)
    return units


def _segments(log: Changelog, manifest: Manifest) -> list[Segment]:
    keys = (f"ids/{first}" for first in manifest.segments)
    return [log.segments[key].segment() for key in keys if key in log.segments]
