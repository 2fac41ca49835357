"""The state of the persons of one shard: a deterministic fold of a partition of the facts topic.

What is true of a fact is in the sets and sums it adds to, whatever the order in which the source
partitions are heard. The facts topic is the log of the state: a snapshot names the offset up to
which it is folded, and what follows is read again (`streams.persons.snapshot`).
"""

from collections.abc import Sequence

from streams.checkpoint import BEGINNING, Changes, Row, Snapshot
from streams.dead_letter_run import DeadLetterRun
from streams.folding import DeadLetter
from streams.losses import OPEN, Losses, before
from streams.outcomes import Record
from streams.panes import MINUTE, NO_WATERMARK, Calendar, Pane
from streams.persons.facts import Facts, Message, Section
from streams.persons.heard import Heard, horizon, newest, note_quiet, settled
from streams.persons.names import NEVER_LATE
from streams.persons.people import People
from streams.persons.snapshot import offset_of, rows_of
from streams.unit import Damaged, Unit

LEAST_NOTED = 250_000
"""What is noted of persons between two snapshots, unless there are more persons than that."""
MOST_TOLD = 20_000
"""Messages between two snapshots."""
KEPT_SNAPSHOTS = 2


class Shard:
    """Persons whose hash falls into this shard; `offset` is the next record to fold."""

    is_whole = True
    """What a snapshot holds belongs together."""
    manifest_offset = 0
    """Nothing that is read again is told to anybody."""

    def __init__(
        self, calendar: Calendar, generation: str = "", lineage: int = 0, offset: int = 0
    ) -> None:
        self.calendar, self.offset = calendar, offset
        self.generation, self.lineage = generation, lineage
        self.heard: dict[int, Heard] = {}
        self.partitions = 0
        """How many the source has, as the senders say."""
        self.horizon = NO_WATERMARK
        """Event time before which a fact comes too late, in milliseconds."""
        self.too_late = self.unheard = 0
        """Minutes of activity beyond the horizon; sections that did not follow."""
        self.unread = 0
        """Damaged messages since this began to read."""
        self.told = self.noted = 0
        """Messages that were folded, and what they told of persons."""
        self._stored = 0, 0
        """How much was noted and told at the last snapshot."""
        self._rows: set[str] = set()
        """Names of the rows of all snapshots that are in the changelog."""
        self.losses = Losses()
        self.dead_letters = DeadLetterRun()
        """There are none, see `fold`."""
        self.people = People(calendar)
        self._waiting: dict[str, list[Facts]] = {}
        """By name, facts that are heard and not noted yet."""
        self._forgotten = NO_WATERMARK, NO_WATERMARK
        """Up to when nothing came, and was settled, when what nothing needs was last let go of."""
        self._latest = NO_WATERMARK
        """The newest watermark at which old sheets were last let go of."""

    def fold(self, records: Sequence[Record], end: int | None = None) -> list[DeadLetter]:
        """Fold records in offset order; raises UnknownVersion.

        There are no dead letters: what cannot be read was written by a worker, and is damaged. It
        is told again, or declared lost with what follows it.
        """
        for record in records:
            if record.offset < self.offset:
                continue
            try:
                self._take(Message.decode(record.value or b""), record.timestamp)
            except Damaged:
                self.unread += 1  # as if it were not there: what follows lacks it
            self.offset = record.offset + 1
        self.offset = max(self.offset, end or 0)
        self._settle()
        return []

    def lose(self, until: int) -> None:
        """Go on at `until`: the facts topic holds nothing from `offset` to there any more."""
        self.losses.declare_records(self.offset, until, self.watermark)
        self.offset = until

    def snapshot(self) -> Snapshot | None:
        """Take a snapshot when enough has come since the last one; else None.

        The caller writes it or ends the process: what was taken counts as durable from here on.
        """
        noted, told = self.noted - self._stored[0], self.told - self._stored[1]
        if noted < max(LEAST_NOTED, self.people.population.size) and told < MOST_TOLD:
            return None
        self._stored = self.noted, self.told
        parts, head = rows_of(self)
        self._rows |= {name for name, _ in (*parts, *head)}
        offsets = {offset for name in self._rows if (offset := offset_of(name)) is not None}
        kept = sorted(offsets)[-KEPT_SNAPSHOTS:]
        gone = sorted(name for name in self._rows if offset_of(name) not in kept)
        self._rows.difference_update(gone)
        tombstones: list[Row] = [(name, None) for name in gone]
        return Snapshot(self.offset, parts, [], head, tombstones)

    def stored_is(self, rows: set[str]) -> None:
        """Say which rows the changelog holds; the shard as it is now can be made of them."""
        self._rows = set(rows)
        self._stored = self.noted, self.told

    def take(self, message: Message, timestamp: int) -> None:
        """Take what a message tells; `timestamp` is Kafka's, in milliseconds."""
        self._take(message, timestamp)
        self._settle()

    def _take(self, message: Message, timestamp: int) -> None:
        """Hear a message; what it tells of persons waits to be noted with that of others."""
        if (message.generation, message.lineage) != (self.generation, self.lineage):
            return  # of another history of the state
        read = [[facts.read() for facts in section.facts] for section in message.sections]
        # Nothing of a message is heard that cannot be read.
        self.partitions = max(self.partitions, message.partitions)
        told = zip(message.sections, read, strict=True)
        heard = [(self._hear(section), found) for section, found in told]
        new = [(since, facts) for since, found in heard if since is not None for facts in found]
        if timestamp > 0 and any(since is not None for since, _ in heard):
            self.losses.close(timestamp)  # also what was just found: it was told before this
        for since, facts in new:
            self.noted += len(facts.persons)
            self._waiting.setdefault(facts.name, []).append(self._on_time(facts, since))
        self.told += 1
        self._move_on()

    def _settle(self) -> None:
        """Note what waits."""
        latest = newest(self.heard)
        if self._latest // MINUTE != latest // MINUTE:
            self._latest = latest
            self.people.sheets.drop(latest)
        waiting, self._waiting = self._waiting, {}
        for name, told in waiting.items():
            self.people.note(name, told)
        reached = self.horizon, settled(self.heard, self.partitions)
        if self._forgotten != reached:
            self._forgotten = reached
            self.people.forget(*reached)

    def _hear(self, section: Section) -> int | None:
        """Event time before which a section only tells again; None when it tells nothing new."""
        heard = self.heard.setdefault(section.partition, Heard.begin(section))
        if heard.has_lost(section):
            lost_from = before(heard.watermark)
            self.losses.declare_unit(lost_from, OPEN, "facts", self.offset)
            heard.end = section.safe  # what follows may still be told again
        if heard.lacks(section):
            # What lies between was refused: its sender ends, and it is told again.
            self.unheard += 1
            return None
        since = heard.taken_from if section.end > heard.end else None
        heard.note(section)
        note_quiet(self.heard, section)
        return since

    def _on_time(self, facts: Facts, since: int) -> Facts:
        """Declare what comes too late to be told apart from what is known already.

        What is older than `since` was heard when it was told first.
        """
        on_time = facts.times >= self.horizon
        if facts.name in NEVER_LATE or on_time.all():
            return facts
        late = facts.times[~on_time & (facts.times >= since)]
        if len(late):
            self.too_late += len(late)
            self.losses.declare_unit(int(late.min()), int(late.max()) + 1, "facts", self.offset)
        return facts.take(on_time)

    def _move_on(self) -> None:
        reached = max(self.horizon, horizon(self.heard, self.partitions))
        if reached // MINUTE != self.horizon // MINUTE:
            self.horizon = reached
            self.losses.forget(reached)
        if self.instant > NO_WATERMARK:
            today = self.calendar.day_number(self.instant)
            if today > self.people.health.scored:
                self._settle()
                self.people.health.score_until(today)

    @property
    def watermark(self) -> int:
        """Event time up to which all source partitions have come, in milliseconds."""
        if not self._hears_all:
            return NO_WATERMARK
        return min(heard.watermark for heard in self.heard.values())

    @property
    def instant(self) -> int:
        """The time up to which all source partitions are told; NO_WATERMARK before all are."""
        if not self._hears_all:
            return NO_WATERMARK
        return min(heard.instant for heard in self.heard.values())

    @property
    def reach(self) -> int:
        """Offset up to which the state reaches."""
        return self.offset

    @property
    def _hears_all(self) -> bool:
        """Whether every partition of the source was heard."""
        return 0 < self.partitions <= len(self.heard)

    @property
    def since(self) -> int:
        """Event time from which persons are known; OPEN before that can be told."""
        return max((heard.since for heard in self.heard.values()), default=OPEN)

    def take_changes(self) -> Changes:
        """What changed since the last call, for whoever publishes the shard."""
        return self.people.sheets.take_changes(self.offset)

    def units(self) -> dict[Pane, Unit]:
        """The sheets as units."""
        return {
            pane: Unit(self.offset, BEGINNING, sheet)
            for pane, sheet in self.people.sheets.held.items()
        }

    def everything(self) -> dict[str, bytes]:
        """Every sheet, as of now."""
        return self.people.sheets.everything(self.offset)
