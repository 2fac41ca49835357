"""Records a producer sent twice: the same message id within a horizon, told by offset order alone.

An id is remembered with the offset at which it was accepted, so reading the same log again finds
the original an original. Ids stand in segments, closed when the watermark enters another minute
or at 16,384 ids; a closed segment never changes. The horizon is 10 minutes of watermark or a
million ids, whichever ends first, and moves a whole segment at a time.
"""

from array import array
from collections import deque
from dataclasses import dataclass, field
from hashlib import blake2b

from streams.panes import MINUTE, NO_WATERMARK

HORIZON_MINUTES = 10
UNKNOWN_MINUTE = NO_WATERMARK // MINUTE
MAX_IDS = 1_000_000
SEGMENT_IDS = 16_384
"""A quarter of a megabyte when stored; a Kafka record must stay well below one."""


@dataclass
class Segment:
    """Ids accepted while the watermark stood in one minute, from `first_offset` on."""

    first_offset: int
    minute: int
    ids: "array[int]" = field(default_factory=lambda: array("q"))
    offsets: "array[int]" = field(default_factory=lambda: array("q"))


def hash_id(message_id: str) -> int:
    """64 bits of a message id; among a million others a false match has odds of 1 : 2e13."""
    digest = blake2b(message_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


class Duplicates:
    """What a partition remembers of the ids it accepted."""

    def __init__(self, segments: list[Segment] | None = None) -> None:
        self.segments = deque(sorted(segments or [], key=lambda segment: segment.first_offset))
        self._offsets: dict[int, int] = {}
        for segment in self.segments:
            self._offsets.update(zip(segment.ids, segment.offsets, strict=True))

    def __len__(self) -> int:
        return len(self._offsets)

    def enter(self, watermark: int) -> None:
        """Forget what is beyond the horizon now that the watermark moved."""
        oldest = watermark // MINUTE - HORIZON_MINUTES
        # Not only the first: a log read again from earlier appends segments of earlier minutes.
        gone = [segment for segment in self.segments if segment.minute < oldest]
        if all(segment.minute == UNKNOWN_MINUTE for segment in gone):
            return  # the ids before the first watermark count as those of its own minute
        for segment in gone:
            self.segments.remove(segment)
            self._forget(segment)

    def is_duplicate(self, message_id: str, offset: int, watermark: int) -> bool:
        """Say whether an earlier record had this id; if none, remember this one."""
        number = hash_id(message_id)
        seen = self._offsets.get(number)
        if seen is not None:
            return seen < offset
        self._offsets[number] = offset
        segment = self._open_segment(offset, watermark // MINUTE)
        segment.ids.append(number)
        segment.offsets.append(offset)
        return False

    def _open_segment(self, offset: int, minute: int) -> Segment:
        if self.segments:
            last = self.segments[-1]
            if last.minute == minute and len(last.ids) < SEGMENT_IDS:
                return last
        while len(self._offsets) > MAX_IDS:
            self._forget(self.segments.popleft())
        self.segments.append(Segment(offset, minute))
        return self.segments[-1]

    def _forget(self, segment: Segment) -> None:
        for number, offset in zip(segment.ids, segment.offsets, strict=True):
            if self._offsets.get(number) == offset:
                del self._offsets[number]

    def horizon_start(self) -> int | None:
        """Watermark from which repeated ids are noticed; None before the first one is known."""
        known = [s.minute * MINUTE for s in self.segments if s.minute > UNKNOWN_MINUTE]
        return min(known, default=None)
