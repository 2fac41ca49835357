"""What a shard has heard of each source partition, and up to which time nothing more can come."""

import msgspec

from streams.losses import OPEN, before
from streams.panes import DAY, GRACE, MINUTE, NO_WATERMARK
from streams.persons.facts import Section

QUIET = DAY
"""A partition without records is not expected to bring any this much older than the newest one."""
SEEN_MILLISECONDS = 1_000
"""How long before it was told its end must have been seen for a partition to pass for quiet."""


class Heard(msgspec.Struct, array_like=True):
    """Of one source partition; `end` is the offset up to which it is folded."""

    end: int
    since: int
    """Event time from which it is known; NO_WATERMARK: from its beginning, OPEN: not known yet."""
    watermark: int = NO_WATERMARK
    instant: int = NO_WATERMARK
    """The time up to which it is told, see `Section.instant`."""
    told_at: int = 0
    floor: int = NO_WATERMARK
    """Event time before which it is not expected to bring anything, by when it last was quiet: of a
    partition that nobody reads, or that is behind, nothing is known since then."""
    settled: int = NO_WATERMARK
    """The watermark up to which it is not told again either."""
    awaited: tuple[int, int] = (0, NO_WATERMARK)
    """The offset that has to be safe for it to be settled further, and the watermark there."""

    @classmethod
    def begin(cls, section: Section) -> "Heard":
        """Before the first section that is heard of it."""
        return cls(section.safe, NO_WATERMARK if section.safe == 0 else OPEN)

    @property
    def taken_from(self) -> int:
        """Event time before which no fact is new that it brings from here on.

        The source takes nothing that is older than its watermark less the grace, so whoever is told
        of such a fact once more, by who goes on for a teller that died, has heard it.
        """
        return _minute(before(self.watermark))

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
        self._note_safe(section.safe)
        if self.since == OPEN and self.watermark > NO_WATERMARK:
            self.since = self.watermark

    def _note_safe(self, safe: int) -> None:
        end, watermark = (self.end, self.watermark) if safe >= self.end else self.awaited
        if safe >= end:
            self.settled = watermark
            self.awaited = self.end, self.watermark


def newest(heard: dict[int, Heard]) -> int:
    """How far the partition is that is ahead of all others."""
    return max((one.watermark for one in heard.values()), default=NO_WATERMARK)


def note_quiet(heard: dict[int, Heard], section: Section) -> None:
    """Note what can be expected of a partition that a section says nothing new of.

    While some of it is not safe, that may be told again, and cannot be told apart from new facts.
    """
    has_seen_end = section.told_at - section.caught_up_at <= SEEN_MILLISECONDS
    if section.begin == section.end == section.safe and has_seen_end:
        one = heard[section.partition]
        one.floor = max(one.floor, newest(heard) - QUIET)


def horizon(heard: dict[int, Heard], partitions: int) -> int:
    """The time before which nothing that is on time can happen any more, in milliseconds.

    A partition that lags holds it back, one that is quiet does so for `QUIET` only.
    """
    return _before([max(one.watermark, one.floor) for one in heard.values()], partitions)


def settled(heard: dict[int, Heard], partitions: int) -> int:
    """The time before which nothing can happen any more, nor be told again.

    That does not go by a fact's own time where it was said long afterwards.
    """
    return _before([max(one.settled, one.floor) for one in heard.values()], partitions)


def _before(marks: list[int], partitions: int) -> int:
    if not marks or len(marks) < partitions:
        return NO_WATERMARK
    return max(NO_WATERMARK, _minute(min(marks) - GRACE))


def _minute(time: int) -> int:
    """The minute of a time: activity is told by the minute it falls into."""
    return time - time % MINUTE
