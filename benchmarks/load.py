"""Millions of realistic events in little time, and the truth about them.

One simulated minute of 120,000 records (late, duplicate, broken, bot and future ones included) is
made into templates. The topic is that minute again and again: each time a minute later, with other
message ids, and every five minutes with other people. So the truth is the minute's own truth,
moved and added up. A function of the seed alone: the same topic on every machine.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.sending import Sending
from benchmarks.template import Template, text_of, time_of, times_in
from tidegauge.simulator.disturbance import Disturbances
from tidegauge.simulator.feed import Feed
from tidegauge.simulator.ledger import Ledger

TIME_ZONE = "UTC"
BEGINNING = datetime(2026, 1, 5, 8, tzinfo=UTC)
MINUTE_MS = 60_000
MINUTE_RECORDS = 120_000
PEOPLE = 20_000
"""At the start; a simulated minute sees some 21,000 persons, newcomers included."""
MINUTES_OF_THE_SAME_PEOPLE = 5


class Load:
    """Fills a topic; `ledger` is the truth about all records sent so far."""

    def __init__(
        self, partitions: int, seed: int = 1, minute_records: int = MINUTE_RECORDS
    ) -> None:
        start_ms = int(BEGINNING.timestamp() * 1000)
        feed = Feed(partitions, ZoneInfo(TIME_ZONE), seed, Disturbances(), PEOPLE)
        self._minute_truth = Ledger(TIME_ZONE)
        self._templates: list[Template] = []
        for record in feed.preload(start_ms, start_ms + MINUTE_MS, minute_records):
            self._templates.append(Template.of(record))
            self._minute_truth.record(record.partition, *record.truth)
        texts = {text for template in self._templates for text in times_in(template.value)}
        self._minutes = {text: time_of(text) for text in texts}
        self.ledger = Ledger(TIME_ZONE)
        self.minute_records = minute_records
        self.minutes = 0
        self.bytes = 0

    @property
    def events(self) -> int:
        """How many records were sent."""
        return self.minutes * self.minute_records

    def send(
        self, bootstrap: str, topic: str, minutes: int, progress: Callable[[int], Any]
    ) -> None:
        """Send so many minutes more, in order per partition; raises RuntimeError when that fails.

        `progress` is called with the number of records now and then.
        """
        sending = Sending(
            bootstrap, topic, **{"batch.size": 131_072, "queue.buffering.max.messages": 400_000}
        )
        for number in range(self.minutes, self.minutes + minutes):
            self._send_minute(sending, number, progress)
        sending.finish()

    def _send_minute(self, sending: Sending, number: int, progress: Callable[[int], Any]) -> None:
        shift_ms = number * MINUTE_MS
        for count, (partition, timestamp_ms, value) in enumerate(self._values(number), 1):
            self.bytes += len(value)
            sending.send(partition, timestamp_ms + shift_ms, value)
            if count % 10_000 == 0:
                sending.poll()
                progress(10_000)
        self.minutes += 1
        _add(self.ledger, self._minute_truth, shift_ms, _people(number))

    def _values(self, number: int) -> Iterator[Template]:
        words = {text: text_of(ms + number * MINUTE_MS) for text, ms in self._minutes.items()}
        words |= {b"id": b"%08x" % number, b"people": _people(number).encode()}
        for partition, timestamp_ms, value in self._templates:
            yield Template(partition, timestamp_ms, value % words)


def _people(number: int) -> str:
    """What the names of the persons of a minute begin with."""
    return f"{number // MINUTES_OF_THE_SAME_PEOPLE:02d}-"


def _add(whole: Ledger, minute: Ledger, shift_ms: int, people: str) -> None:
    """Add the truth of one simulated minute, moved in time, with other people."""
    for partition, outcomes in minute.outcomes.items():
        whole.outcomes.setdefault(partition, type(outcomes)()).update(outcomes)
    for partition, reasons in minute.reasons.items():
        whole.reasons.setdefault(partition, type(reasons)()).update(reasons)
    for start, counts in minute.counts["minute"].items():
        for grain, panes in whole.counts.items():
            pane = panes.setdefault(whole.calendar.pane(grain, start + shift_ms), {})
            for key, amount in counts.items():
                pane[key] = pane.get(key, 0) + amount
    for start, found in minute.people["minute"].items():
        named = {key: {people + name for name in names} for key, names in found.items()}
        for grain, known in whole.people.items():
            persons = known.setdefault(whole.calendar.pane(grain, start + shift_ms), {})
            for key, names in named.items():
                persons.setdefault(key, set()).update(names)
