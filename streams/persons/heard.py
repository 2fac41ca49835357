"""What a shard has heard of each source partition, and up to which time nothing more can come."""

import msgspec

from streams.losses import OPEN
from streams.panes import DAY, GRACE, NO_WATERMARK
from streams.persons.facts import Section

QUIET = DAY
"""A partition without records is not expected to bring any this much older than the newest one."""


class Heard(msgspec.Struct, array_like=True):
    """Of one source partition; `end` is the offset up to which it is folded."""

    end: int
    since: int
    """Event time from which it is known; NO_WATERMARK: from its beginning, OPEN: not known yet."""
    watermark: int = NO_WATERMARK
    instant: int = NO_WATERMARK
    """The time up to which it is told, see `Section.instant`."""
    told_at: int = 0
    is_quiet: bool = False

    @classmethod
    def begin(cls, section: Section) -> "Heard":
        """Before the first section that is heard of it."""
        return cls(section.safe, NO_WATERMARK if section.safe == 0 else OPEN)

    def lacks(self, section: Section) -> bool:
        """Whether something lies between what was heard and a section."""
        return section.begin > self.end

    def has_lost(self, section: Section) -> bool:
        """Whether something was acknowledged before a section was told and is not in the log."""
        return section.safe > self.end

    def note(self, section: Section) -> None:
        """Note a section that follows; one that was heard before takes nothing back."""
        self.end = max(self.end, section.end)
        self.watermark = max(self.watermark, section.watermark)
        self.instant = max(self.instant, section.instant)
        self.told_at = max(self.told_at, section.told_at)
        self.is_quiet = section.is_caught_up
        if self.since == OPEN and self.watermark > NO_WATERMARK:
            self.since = self.watermark


def newest(heard: dict[int, Heard]) -> int:
    """How far the partition is that is ahead of all others."""
    return max((one.watermark for one in heard.values()), default=NO_WATERMARK)


def horizon(heard: dict[int, Heard], partitions: int) -> int:
    """The time before which nothing that is on time can happen any more, in milliseconds.

    A partition that lags holds it back, one that is quiet does so for `QUIET` only.
    """
    if len(heard) < partitions:
        return NO_WATERMARK
    quiet = newest(heard) - QUIET
    marks = (max(h.watermark, quiet) if h.is_quiet else h.watermark for h in heard.values())
    return max(NO_WATERMARK, min(marks) - GRACE)
