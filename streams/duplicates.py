"""Records a producer sent twice: the same message id within a horizon, told by offset order alone.

A record is a duplicate when its id was read within the horizon before it, as an original or as a
duplicate. So what is remembered at an offset depends on the ids of the horizon before it and on
nothing earlier, and can be rebuilt by reading that again.

Ids stand in segments of whole blocks of offsets; the next one begins when the watermark enters
another minute or 16,384 ids are held. The horizon is 10 minutes of watermark or a million ids,
whichever ends first, and moves a whole segment at a time.
"""

from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b

from siphashc import siphash

from streams.panes import MINUTE, NO_WATERMARK

HORIZON_MINUTES = 10
UNKNOWN_MINUTE = NO_WATERMARK // MINUTE
MAX_IDS = 1_000_000
SEGMENT_IDS = 16_384
"""A quarter of a megabyte when stored; a Kafka record must stay well below one."""


@dataclass
class Segment:
    """Ids read from `first_offset`, the beginning of a block, while `watermark`'s minute lasted."""

    first_offset: int
    watermark: int
    ids: "array[int]" = field(default_factory=lambda: array("Q"))
    offsets: "array[int]" = field(default_factory=lambda: array("q"))

    @property
    def minute(self) -> int:
        """The minute of event time in which the watermark stood."""
        return self.watermark // MINUTE

    def before(self, offset: int) -> "Segment":
        """What it held when `offset` was the next record."""
        end = bisect_left(self.offsets, offset)
        return Segment(self.first_offset, self.watermark, self.ids[:end], self.offsets[:end])


def hasher(key: bytes = b"") -> Callable[[str], int]:
    """What makes 64 bits of a message id; `key` has at most 64 bytes.

    Among a million others a false match has odds of 1 : 2e13. It is keyed, since an id may be made
    of a person's. SipHash is made for short texts: 0.06 us, where BLAKE2 takes 0.57.
    """
    return partial(siphash, blake2b(digest_size=16, key=key, person=b"message id").digest())


class Duplicates:
    """What a partition remembers of the ids it read."""

    def __init__(self, segments: Iterable[Segment] = (), key: bytes = b"") -> None:
        self._hash = hasher(key)
        self.segments = deque(sorted(segments, key=lambda segment: segment.first_offset))
        self._offsets: dict[int, int] = {}
        """id -> offset at which it was last read."""
        for segment in self.segments:
            self._offsets.update(zip(segment.ids, segment.offsets, strict=True))

    def __len__(self) -> int:
        return len(self._offsets)

    def enter(self, start: int, watermark: int) -> None:
        """Enter the block of a record that begins at `start`; call it before its records."""
        last = self.segments[-1] if self.segments else None
        if last is None or last.minute != watermark // MINUTE or len(last.ids) >= SEGMENT_IDS:
            self.segments.append(Segment(start, watermark))
        self.forget(watermark)

    def forget(self, watermark: int) -> None:
        """Forget what is beyond the horizon at the beginning of a block."""
        oldest = watermark // MINUTE - HORIZON_MINUTES
        held = sum(len(segment.ids) for segment in self.segments)
        while len(self.segments) > 1 and (
            self._first_minute() < oldest or held - len(self.segments[0].ids) >= MAX_IDS
        ):
            gone = self.segments.popleft()
            held -= len(gone.ids)
            for number, offset in zip(gone.ids, gone.offsets, strict=True):
                if self._offsets.get(number) == offset:
                    del self._offsets[number]

    def _first_minute(self) -> int:
        """Minute of the first segment; ids before the first watermark count as those of its own."""
        minutes = (segment.minute for segment in self.segments)
        return next((minute for minute in minutes if minute != UNKNOWN_MINUTE), 1 << 62)

    def is_duplicate(self, message_id: str, offset: int) -> bool:
        """Say whether an earlier record had this id, and remember this one."""
        number = self._hash(message_id)
        known = number in self._offsets
        self._offsets[number] = offset
        segment = self.segments[-1]
        segment.ids.append(number)
        segment.offsets.append(offset)
        return known

    def horizon(self) -> tuple[int, int] | None:
        """First offset whose ids are remembered and the watermark there; None before a record."""
        return next(((s.first_offset, s.watermark) for s in self.segments), None)

    def horizon_start(self) -> int | None:
        """Watermark from which repeated ids are noticed; None before the first one is known."""
        known = [s.minute * MINUTE for s in self.segments if s.minute > UNKNOWN_MINUTE]
        return min(known, default=None)
