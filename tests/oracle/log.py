"""Raw logs of Kafka records, drawn from a seed: weeks of a few persons, with every kind of trouble.

All is drawn so that a log holds what is rare: the same millisecond twice, local midnights, days
of 23 and 25 hours within the windows, subscriptions told long after they began, persons who are
forgotten and come again.
"""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tests.oracle.content import Content, iso

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
CHANGES = {
    "Europe/Paris": ("2026-03-29", "2026-10-25"),
    "America/New_York": ("2026-03-08", "2026-11-01"),
    "UTC": ("2026-06-01", "2026-12-31"),
    "Asia/Kolkata": ("2026-02-28", "2026-08-15"),
}
"""Reporting time zones, and days that are to lie in the log: where there is one, those on which
clocks change."""
SPANS = (2, 9, 35, 50, 70)
SOON = 20 * HOUR
"""So long after their day nobody has been forgotten yet, by any event or copy that may come."""
LONG_AGO = (0, 1, 5, 6, 7, 28, 29, 30, 31, 58, 59, 60)
"""Days with which windows begin and end, or nearly."""
NOBODY: tuple[dict[str, str] | None, ...] = ({"forgotten_person": f"{7:016}.{7:016}"}, {}, None)
BROKEN = (None, b"", b"not json", b"[1,2]", b"7", b'{"type":"page"}', b'{"messageId":"x"', b"\xff")


class Record(NamedTuple):
    """A Kafka record of a partition; `timestamp` in milliseconds."""

    offset: int
    timestamp: int
    value: bytes | None


class Sent(NamedTuple):
    """An event on its way to a partition."""

    arrives: int
    partition: int
    event: Mapping[str, Any] | bytes | None


@dataclass
class Log:
    """Records by partition; none of what is accepted happens after `end`."""

    seed: int
    declares: bool = True
    """Whether the list of all subscribers may be declared."""
    told: Callable[[str], str] = str
    """What an event says that is to make somebody of this id forgotten."""
    zone: str = ""
    end: int = 0
    partitions: list[list[Record]] = field(default_factory=list)
    forgotten: dict[str, str] = field(default_factory=dict)
    """Who is meant by what such events say."""

    def __post_init__(self) -> None:
        self.rng = rng = random.Random(self.seed)
        self.zone = rng.choice(list(CHANGES))
        change = datetime.fromisoformat(rng.choice(CHANGES[self.zone])).replace(tzinfo=UTC)
        span = rng.choice(SPANS) * DAY
        self.end = round(change.timestamp()) * SECOND + round(rng.random() * (span + DAY))
        self.begin = self.end - span
        self.persons = rng.choice((2, 6, 25, 60))
        self.content = Content(rng, self.declares and rng.random() < 3 / 4)
        self.count = rng.choice((1, 2, 3, 4))
        sent = self._sent(rng.choice((150, 300, 800)))
        self.partitions = [self._records(sent, number) for number in range(self.count)]

    def _sent(self, number: int) -> list[Sent]:
        times = sorted(self._time() for _ in range(number))
        self._cuts: list[tuple[int, int]] = []
        sent = [self._forgetting(place) for place in range(self.rng.choice((0, 1, 4, 12)))]
        for place, time in enumerate(times):
            person = self._person()
            sent.append(self._event(place, person, time))
            while self.rng.random() < 1 / 12:  # more in the same millisecond
                again = self._event(f"{place} and {len(sent)}", person, time)
                sent.append(again)
            if self.rng.random() < 1 / 20:
                sent.append(self._copy(sent[-1]))
            if self.rng.random() < 1 / 30:
                sent.append(Sent(time, self._partition(person), self.rng.choice(BROKEN)))
        return sorted(sent, key=lambda one: one.arrives)

    def _person(self) -> int:
        """Some are there more than others, and some once or twice."""
        if self.rng.random() < 1 / 12:
            return self.persons + self.rng.randrange(60)
        return int(self.rng.random() ** 2 * self.persons)

    def _time(self) -> int:
        """Anywhere, or not long before the end; now and then on or beside a boundary."""
        rng = self.rng
        long = rng.choice((self.end - self.begin, self.end - self.begin, 30 * HOUR, 80 * MINUTE))
        time = self.end - round(rng.random() * min(long, self.end - self.begin))
        if rng.random() < 1 / 6:
            time = max(self.begin, self.end - rng.choice(LONG_AGO) * DAY - time % DAY)
        if rng.random() < 1 / 15:
            time = min(self.end, self._midnight(time) + rng.choice((-1, 0, 1)))
        if rng.random() < 1 / 15:
            time -= time % MINUTE
        return time

    def _midnight(self, time: int) -> int:
        """Of the local day of a time."""
        local = datetime.fromtimestamp(time / SECOND, ZoneInfo(self.zone))
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        return round(midnight.timestamp()) * SECOND

    def _event(self, number: Any, person: int, time: int) -> Sent:
        rng, delay = self.rng, self._delay()
        said = self.content.of(time, self._known_since(person, time, time + delay))
        event = {"messageId": f"id {number}", **self._who(person), **said}
        if delay or rng.random() < 1 / 2:
            event["timestamp"] = iso(time, rng.choice((0, 0, 2, -5)))
        if rng.random() < 1 / 40:
            event["timestamp"] = iso(time + 10 * MINUTE + rng.choice((1, DAY)))
            delay = 0  # in the future
        if rng.random() < 1 / 40:
            event["context"] = rng.choice(
                ({"bot": True}, {"userAgent": "Googlebot/2.1"}, {"userAgent": "Firefox"}, None)
            )
        return Sent(time + delay, self._partition(person), event)

    def _delay(self) -> int:
        """Between an event and its arrival."""
        rng = self.rng
        if rng.random() < 1 / 10:
            return rng.randint(0, 60 * HOUR)
        return rng.choice((0, 0, rng.randint(0, SECOND), rng.randint(0, HOUR)))

    def _forgetting(self, number: int) -> Sent:
        """Somebody is to be forgotten, mostly long before the end; now and then nobody is meant."""
        person, time = self._person(), min(self._time(), self._time())
        known = self._who(person)
        name = str(known.get("userId", known.get("anonymousId")))
        told = self.told(name)
        self.forgotten[told] = name
        self._cuts.append((person, self._midnight(self._midnight(time) + 30 * HOUR)))
        event = {
            "type": "track",
            "event": "Person Forgotten",
            "messageId": f"forget {number}",
            "userId": "whoever tells",
            "timestamp": iso(time),
            "properties": self.rng.choice((*[{"forgotten_person": told}] * 9, *NOBODY)),
        }
        return Sent(time + self._delay(), self._partition(person), event)

    def _known_since(self, person: int, time: int, arrives: int) -> int:
        """Since when somebody may be told to be subscribed.

        That they were so before they were forgotten makes them known anew if it is told after that
        was done, and does not if it is told before: an oracle cannot know which it was.
        """
        cuts = (cut for who, cut in self._cuts if who == person)
        return max((cut for cut in cuts if cut <= time and cut + SOON <= arrives), default=0)

    def _who(self, person: int) -> dict[str, Any]:
        """A person is known, unknown, or both; numbers are ids too."""
        if person % 5 == 0:
            return {"anonymousId": f"visitor {person}"}
        known: dict[str, Any] = {"userId": person if person % 7 == 0 else f"person {person}"}
        return known | ({"anonymousId": f"visitor {person // 5 * 5}"} if person % 3 == 0 else {})

    def _partition(self, person: int) -> int:
        """Mostly one and the same for a person."""
        return (
            person if self.rng.random() < 2 / 3 else self.rng.randrange(self.count)
        ) % self.count

    def _copy(self, one: Sent) -> Sent:
        """The same event once more: at once, hours later, or in another partition."""
        later = self.rng.choice((0, SECOND, 5 * MINUTE, 3 * HOUR))
        partition = self.rng.choice((one.partition, one.partition, self.count - 1))
        return Sent(one.arrives + later, partition, one.event)

    def _records(self, sent: list[Sent], number: int) -> list[Record]:
        records, offset = [], -1
        for arrives, partition, event in sent:
            if partition != number:
                continue
            offset += 1 if self.rng.random() < 0.98 else self.rng.randint(2, 90)
            value = json.dumps(event).encode() if isinstance(event, Mapping) else event
            records.append(Record(offset, arrives, value))
        return records
