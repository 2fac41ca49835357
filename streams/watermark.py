"""The watermark of a partition: up to where its event time has come.

Offsets are cut in blocks of 64. When a record of the next block arrives, the watermark becomes
the median event time of the block before, if that is later: it never falls, and up to 31 of 64
clients may have a clock that is a year ahead without making the others late. Within a block the
watermark stands still, so it is a function of the offsets alone.
"""

from dataclasses import dataclass, field

from streams.panes import NO_WATERMARK

BLOCK = 64
LEAST_TIMES = 8
"""A block with fewer usable records does not move it: that would be a single client's clock."""


def block_start(offset: int) -> int:
    """The first offset of the block that holds `offset`."""
    return offset - offset % BLOCK


@dataclass
class Watermark:
    """The watermark that holds for the block that is read from `start` on.

    `times` are the event times of its records so far: with them reading goes on inside a block.
    """

    start: int = 0
    value: int = NO_WATERMARK
    times: list[int] = field(default_factory=list)

    @property
    def end(self) -> int:
        """The first offset of the next block."""
        return block_start(self.start) + BLOCK

    def advance(self, offset: int) -> None:
        """Enter the block that holds `offset`, closing the one before."""
        if offset < self.end:
            return
        if len(self.times) >= LEAST_TIMES:
            middle = sorted(self.times)[(len(self.times) - 1) // 2]
            self.value = max(self.value, middle)
        self.times = []
        self.start = block_start(offset)

    def observe(self, time: int) -> None:
        """Note the event time of a record of this block."""
        self.times.append(time)
