"""What a checkpoint of a partition writes, and what a publication takes."""

from typing import NamedTuple

import msgspec

from streams.duplicates import Segment
from streams.panes import Grain, Pane

MANIFEST = "manifest"


class Entry(msgspec.Struct, array_like=True, frozen=True):
    """A unit in the manifest: its durable offset, and where to begin to build it anew."""

    offset: int
    first_offset: int
    first_watermark: int


class Manifest(msgspec.Struct, array_like=True, frozen=True):
    """Written last in a checkpoint: everything up to `offset` is in these units and segments."""

    generation: str
    offset: int
    watermark: int
    """The watermark of the block that holds `offset`."""
    units: dict[str, Entry]
    segments: list[int]
    """First offsets of the segments of ids."""
    since: dict[str, int]
    """fold id -> event time from which the metric has been counted."""


class StoredSegment(msgspec.Struct, array_like=True, frozen=True):
    """A segment of ids as it is written; both arrays are little-endian 64-bit integers."""

    generation: str
    first_offset: int
    minute: int
    ids: bytes
    offsets: bytes

    @classmethod
    def of(cls, segment: Segment, generation: str) -> "StoredSegment":
        """Stored form of a segment."""
        ids, offsets = segment.ids.tobytes(), segment.offsets.tobytes()
        return cls(generation, segment.first_offset, segment.minute, ids, offsets)

    def segment(self) -> Segment:
        """The segment it was made from; ValueError when the arrays do not fit."""
        segment = Segment(self.first_offset, self.minute)
        segment.ids.frombytes(self.ids)
        segment.offsets.frombytes(self.offsets)
        if len(segment.ids) != len(segment.offsets):
            raise ValueError("as many ids as offsets are needed")
        return segment


class Snapshot(NamedTuple):
    """What a checkpoint writes, in this order: units, then the manifest, then tombstones."""

    offset: int
    units: list[tuple[str, bytes]]
    manifest: bytes | None
    """None while the partition is behind the manifest it came from."""
    tombstones: list[str]


class Changes(NamedTuple):
    """Panes that changed (name -> sealed unit) and names of those that are gone."""

    changed: dict[str, bytes]
    removed: list[str]


def pane_of(key: str) -> Pane | None:
    """The pane of a unit's key; None for other keys."""
    grain = key.partition("/")[0]
    return Pane.parse(key) if grain in tuple(Grain) else None
