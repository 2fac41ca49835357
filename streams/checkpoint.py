"""What a checkpoint of a partition writes, and what a publication takes."""

from collections.abc import Iterator
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from streams.dead_letter_run import DeadLetterRun
from streams.duplicates import Segment
from streams.losses import Losses
from streams.panes import NO_WATERMARK, Pane
from streams.place import Place

MANIFEST = "manifest"
ARCHIVE = "archive/"
IDS = "ids/"
NO_ARCHIVE = -1
"""Offset of the archive while there is none."""
EVER = NO_WATERMARK
BEGINNING = Place(0, NO_WATERMARK, 0, NO_WATERMARK)

Row = tuple[str, bytes | None]
"""Name and sealed value of a row of the changelog; None is a tombstone."""


class Entry(msgspec.Struct, array_like=True, frozen=True):
    """What a manifest knows of a unit: its durable offset, and where to begin to build it anew."""

    offset: int
    first: Place


class SegmentEntry(msgspec.Struct, array_like=True, frozen=True):
    """What a manifest knows of a segment of ids."""

    first_offset: int
    watermark: int
    count: int


class Archive(msgspec.Struct, array_like=True, frozen=True):
    """The entries of final panes, which no record can change; written when there are new ones.

    Its row is named by its offset (`archive/4711`): a manifest goes with that one and no other,
    for a later one of somebody else need not list what this manifest's partition still has.
    """

    generation: str
    offset: int
    units: dict[str, Entry]


class Manifest(msgspec.Struct, array_like=True, frozen=True):
    """Written last in a checkpoint: everything up to `offset` is in these units and segments."""

    generation: str = ""
    offset: int = 0
    place: Place = BEGINNING
    """The block that holds `offset`, and in `times` the event times of its records so far."""
    times: list[int] = []
    units: dict[str, Entry] = {}
    """Of panes that are not final; the others are in the archive."""
    archive: int = NO_ARCHIVE
    """Offset of the archive that goes with it."""
    archived: int = 0
    """Digest of the entries there of panes that are still kept (`digest`)."""
    segments: list[SegmentEntry] = []
    begun: int = 0
    """Event time of the first accepted record; 0 before there is one."""
    timestamp: int = 0
    """Kafka's of the last record; 0 before there is one."""
    since: dict[str, int] = {}
    """fold id -> event time from which the metric is counted; EVER: from the topic's beginning,
    OPEN: from the next record on."""
    losses: Losses = msgspec.field(default_factory=Losses)
    dead_letters: DeadLetterRun = msgspec.field(default_factory=DeadLetterRun)


class StoredSegment(msgspec.Struct, array_like=True, frozen=True):
    """A segment of ids as it is written; both arrays are little-endian 64-bit integers."""

    generation: str
    count: int
    first_offset: int
    watermark: int
    ids: bytes
    offsets: bytes

    @classmethod
    def of(cls, segment: Segment, generation: str) -> "StoredSegment":
        """Stored form of a segment."""
        ids, offsets = segment.ids.tobytes(), segment.offsets.tobytes()
        count = len(segment.ids)
        return cls(generation, count, segment.first_offset, segment.watermark, ids, offsets)

    def segment(self) -> Segment:
        """The segment it was made from; ValueError when the arrays do not fit."""
        segment = Segment(self.first_offset, self.watermark)
        segment.ids.frombytes(self.ids)
        segment.offsets.frombytes(self.offsets)
        if not len(segment.ids) == len(segment.offsets) == self.count:
            raise ValueError("as many ids as offsets are needed")
        return segment


class Snapshot(NamedTuple):
    """What a checkpoint writes of a partition that stands at `offset`."""

    offset: int
    units: list[Row]
    """Units and segments of ids."""
    archive: list[Row]
    manifest: list[Row]
    """None of it while the partition is behind the manifest it came from."""
    tombstones: list[Row]

    @property
    def is_safe(self) -> bool:
        """Whether a recovery begins at `offset` once this is written."""
        return bool(self.manifest)

    def stages(self) -> Iterator[list[Row]]:
        """Rows to write; all of a stage must be acknowledged before the next is begun."""
        yield from (self.units, self.archive, self.manifest, self.tombstones)


class Changes(NamedTuple):
    """Panes that changed (name -> sealed unit) and names of those that are gone."""

    changed: dict[str, bytes]
    removed: list[str]


def digest(name: str, offset: int) -> int:
    """63 bits of an entry; those of a set of entries are combined by exclusive or."""
    return digest_of(f"{name} {offset}".encode())


def digest_of(raw: bytes) -> int:
    """63 bits of some bytes."""
    return int.from_bytes(blake2b(raw, digest_size=8).digest(), "big") >> 1


def archive_name(offset: int) -> str:
    """Name of the row of the archive that was written at an offset."""
    return f"{ARCHIVE}{offset}"


def pane_of(name: str) -> Pane | None:
    """The pane of a unit's row; None for other rows."""
    try:
        return Pane.parse(name)
    except ValueError:
        return None
