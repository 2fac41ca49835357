"""What becomes of a record: exactly one outcome, judged in the order of `OUTCOMES`.

A judgement depends on the record, its offset and Kafka's timestamp, and on the records before it;
never on a clock or on how the log is cut into batches. Records read = the sum of all outcomes.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from streams.decoding import EARLIEST, LATEST
from streams.duplicates import Duplicates
from streams.event import Event, Rejected
from streams.panes import FUTURE_LIMIT, GRACE
from streams.place import Place
from streams.watermark import Watermark

OUTCOMES = ("dead_letter", "future", "bot", "late", "duplicate", "accepted")


class Record(Protocol):
    """What is read of a Kafka record; `timestamp` in milliseconds."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""

    @property
    def timestamp(self) -> int:
        """Kafka's own time."""

    @property
    def value(self) -> bytes | None:
        """Its bytes."""


Judgement: TypeAlias = tuple[str, int]
"""A record's outcome, and its event time in milliseconds, 0 for a dead letter."""
DEAD: Judgement = ("dead_letter", 0)


class Judge:
    """Judges the records of one partition in offset order."""

    def __init__(
        self, watermark: Watermark, duplicates: Duplicates, is_bot: Callable[[str], bool]
    ) -> None:
        self.watermark = watermark
        self.duplicates = duplicates
        self._is_bot = is_bot
        # Ids were read in this block already, or it is entered with its first record.
        self._block_end = watermark.end if watermark.times else -1

    def judge(
        self, records: Sequence[Record], events: Sequence[Event | Rejected]
    ) -> list[Judgement]:
        """One judgement a record; written for speed, in one loop."""
        found: list[Judgement] = []
        add, is_bot, is_duplicate = found.append, self._is_bot, self.duplicates.is_duplicate
        block_end = -1
        for record, event in zip(records, events, strict=True):
            offset = record.offset
            if offset >= block_end:
                mark, block_end = self.enter(offset)
                oldest, observe = mark - GRACE, self.watermark.times.append
            if isinstance(event, Rejected):
                add(DEAD)
                continue
            time = event.time
            if time is None:
                time = record.timestamp
                if not EARLIEST <= time < LATEST:
                    add(DEAD)
                    continue
            elif 0 < record.timestamp < time - FUTURE_LIMIT:
                add(("future", time))
                continue
            agent = event.user_agent
            if event.bot or (agent is not None and is_bot(agent)):
                add(("bot", time))
                continue
            observe(time)
            if time < oldest:
                add(("late", time))
            elif is_duplicate(event.message_id, offset):
                add(("duplicate", time))
            else:
                add(("accepted", time))
        return found

    def enter(self, offset: int) -> tuple[int, int]:
        """Enter the block of a record's offset: its watermark, and where the block ends."""
        if offset >= self._block_end:
            self.watermark.advance(offset)
            self._block_end = self.watermark.end
            self.duplicates.enter(self.watermark.start, self.watermark.value)
        return self.watermark.value, self._block_end

    def settle(self, offset: int) -> None:
        """Close the blocks before `offset`, whether or not a record will stand there."""
        self.watermark.advance(offset)
        self.duplicates.forget(self.watermark.value)

    def resume(self, offset: int) -> None:
        """Go on at an offset before which records are gone: they have no part in the watermark."""
        self.watermark = Watermark(offset, self.watermark.value)
        self._block_end = -1

    @property
    def place(self) -> Place:
        """Where the block that is being read begins."""
        start, value = self.watermark.start, self.watermark.value
        horizon, horizon_watermark = self.duplicates.horizon() or (start, value)
        return Place(start, value, horizon, horizon_watermark)
