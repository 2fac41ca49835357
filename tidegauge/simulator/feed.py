"""Records in the order they are sent: partitions, duplicates, and what is settled.

A pure function of its seed and the times it is given; it sends nothing. A person stays on one
partition but for one record in twenty, so that distinct counts overlap between partitions.
"""

import collections
import random
import zlib
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from tidegauge.simulator.calendar import Calendar
from tidegauge.simulator.disturbance import Disturbances, Disturber, Message, plain
from tidegauge.simulator.launches import launch
from tidegauge.simulator.people import Population
from tidegauge.simulator.record import Record
from tidegauge.simulator.shape import spread
from tidegauge.simulator.subscriber_list import subscriber_list
from tidegauge.simulator.traffic import Event, Traffic

STRAY_SHARE = 0.05
HISTORY_VISITS = 8
HISTORY_OF_LIST = 5
"""How many records of history there are, at least, for one of the list of subscribers."""
JITTERED_SHARE = 0.03
JITTER_MS = 90_000
# The product's watermark is a median over blocks of 64 records, so it stands at or after the
# time of the record 256 earlier. Before a partition has that many, nothing late is sent.
SETTLED_RECORDS = 256
# An id is remembered for 10 minutes of watermark progress; where 256 records take longer than
# that, the watermark moves in leaps and no duplicate is certain to be seen.
DUPLICATE_SPAN_MS = 540_000
DUPLICATE_RECORDS = 32
DUPLICATE_DELAY_MS = 10_000


class Lane:
    """One partition as the feed sees it during one phase."""

    def __init__(self) -> None:
        self._times: collections.deque[int] = collections.deque(maxlen=SETTLED_RECORDS)
        self._sent = 0
        self._repeats: dict[int, Record] = {}

    def append(self, record_ms: int) -> None:
        """Take note of one more record."""
        self._times.append(record_ms)
        self._sent += 1

    def settled_ms(self) -> int | None:
        """Return a time the watermark has surely reached."""
        return self._times[0] if len(self._times) == SETTLED_RECORDS else None

    def plan(self, record: Record, rng: random.Random) -> None:
        """Repeat the record soon, if it is certain to be recognised then."""
        span_ms = self._times[-1] - self._times[0]
        if len(self._times) == SETTLED_RECORDS and span_ms < DUPLICATE_SPAN_MS:
            reachable = DUPLICATE_DELAY_MS * SETTLED_RECORDS // max(1, span_ms)
            distance = 1 + rng.randrange(max(1, min(DUPLICATE_RECORDS, reachable)))
            self._repeats[self._sent + distance] = record

    def due(self, record_ms: int) -> Record | None:
        """Return the duplicate to send now, if any."""
        original = self._repeats.pop(self._sent, None)
        if original is None or record_ms - original.timestamp_ms > DUPLICATE_DELAY_MS:
            return None
        truth = original.truth._replace(outcome="duplicate", counts=(), distincts=(), facts=())
        return original._replace(timestamp_ms=record_ms, truth=truth)


class Feed:
    """The records of one run, phase by phase: history, then preload or live."""

    def __init__(
        self,
        partitions: int,
        timezone: ZoneInfo,
        seed: int,
        disturbances: Disturbances,
        people: int,
    ) -> None:
        rng = random.Random(seed)
        self._partitions = partitions
        self._timezone = timezone
        self._rng = rng
        self._duplicates = disturbances.duplicate
        self._population = Population(people, rng)
        self._traffic = Traffic(self._population, HISTORY_VISITS, rng)
        self._disturber = Disturber(disturbances, self._traffic, rng)
        self._lanes = [Lane() for _ in range(partitions)]
        self._has_begun = False

    def history(
        self, start_ms: int, end_ms: int, count: int, launch_ms: int | None = None
    ) -> Iterator[Record]:
        """Yield `count` undisturbed records with times in `[start_ms, end_ms)`.

        They come in time order but for a few that were up to 90 seconds on their way. Traffic that
        begins with a history begins with the list of subscribers, a fifth of it at most. One of
        them says that a launch begins, where a time within them is given for it.
        """
        told = [] if self._has_begun else self._subscribers(start_ms, end_ms, count)
        for event in told:
            yield self._record(plain(event), event.time_ms)
        self._has_begun = True
        self._traffic.open(HISTORY_VISITS)
        count -= len(told) + (launch_ms is not None)
        arrivals = self._arrivals(spread(start_ms, end_ms, count, self._timezone, self._rng))
        for _, time_ms in arrivals:
            if launch_ms is not None and time_ms >= launch_ms:
                yield self._record(plain(launch(self._traffic, launch_ms)), launch_ms)
                launch_ms = None
            yield self._record(plain(self._traffic.event(time_ms)), time_ms)

    def begin(self, records_per_second: float) -> None:
        """Begin a phase with disturbances; what earlier phases settled is forgotten."""
        self._has_begun = True
        self._traffic.open(max(HISTORY_VISITS, int(records_per_second * 20)))
        self._lanes = [Lane() for _ in range(self._partitions)]

    def records(self, record_ms: int) -> Iterator[Record]:
        """Yield the record of that time, and after it a duplicate that is due."""
        message = self._disturber.message(record_ms, self._settled_ms)
        record = self._record(message, record_ms)
        lane = self._lanes[record.partition]
        lane.append(record_ms)
        yield record
        repeated = lane.due(record_ms)
        if repeated is not None:
            lane.append(record_ms)
            yield repeated
        if record.truth.outcome == "accepted" and self._rng.random() < self._duplicates:
            lane.plan(record, self._rng)

    def preload(self, start_ms: int, end_ms: int, count: int) -> Iterator[Record]:
        """Yield exactly `count` records with times in `[start_ms, end_ms)`, disturbed."""
        self.begin(count / max(1, end_ms - start_ms) * 1000)
        left = count
        for time_ms in spread(start_ms, end_ms, count, self._timezone, self._rng):
            for record in self.records(time_ms):
                yield record
                left -= 1
                if not left:
                    return

    def _subscribers(self, start_ms: int, end_ms: int, count: int) -> list[Event]:
        midnight_ms = Calendar(self._timezone.key).pane("day", start_ms)
        return subscriber_list(
            self._population,
            self._traffic,
            since_ms=midnight_ms,
            span_ms=(start_ms, end_ms),
            room=count // HISTORY_OF_LIST,
            rng=self._rng,
        )

    def _arrivals(self, times: list[int]) -> list[tuple[int, int]]:
        rng = self._rng
        return sorted(
            (time_ms + rng.randrange(JITTER_MS), time_ms)
            if rng.random() < JITTERED_SHARE
            else (time_ms, time_ms)
            for time_ms in times
        )

    def _settled_ms(self) -> int | None:
        # The partition follows from the person, who is not drawn yet: every lane must be settled.
        settled = [lane.settled_ms() for lane in self._lanes]
        known = [time_ms for time_ms in settled if time_ms is not None]
        return min(known) if len(known) == len(settled) else None

    def _record(self, message: Message, record_ms: int) -> Record:
        if self._rng.random() < STRAY_SHARE:
            partition = int(self._rng.random() * self._partitions)
        else:
            partition = zlib.crc32(message.person.encode()) % self._partitions
        return Record(partition, record_ms, message.value, message.truth)
