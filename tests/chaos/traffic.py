"""Traffic of the simulator, sent by an idempotent producer that outlives brokers.

The same seed gives the same records, their times counted from the beginning. What stands in the
topic is for the judge to read: here is only counted how much was sent.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from typing import Any, Self
from zoneinfo import ZoneInfo

import confluent_kafka

from tests.integration.background import InBackground
from tidegauge.simulator.disturbance import Disturbances
from tidegauge.simulator.feed import Feed
from tidegauge.simulator.record import Record, encode, time_text
from tidegauge.simulator.traffic import message_id

TROUBLE = Disturbances(
    late=0.01, future=0.01, broken=0.01, duplicate=0.05, out_of_order=0.02, bot=0.01
)
PEOPLE = 1_500
HISTORY_DAYS = 36
HISTORY_EVENTS = 12_000
DAY = 86_400_000
SLICE_SECONDS = 0.05
NEVER_GIVE_UP_MILLISECONDS = 600_000


ECHOED = 0.02
ECHO_RECORDS = (250, 600)
"""So many records later some are sent again, about when their ids are forgotten."""


class CannotSend(Exception):
    """A record was refused for good: the topic may hold less than was sent."""


class Traffic(InBackground):
    """`with` it, history is sent at once, then live traffic until the end."""

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        partitions: int,
        *,
        seed: int,
        rate: int,
        speed: int,
        begin_ms: int,
        zone: str,
    ) -> None:
        """Event time of the live traffic begins at `begin_ms` and is `speed` times as fast."""
        super().__init__()
        self._topic, self._partitions = topic, partitions
        self._rate, self._speed = rate, speed
        self.begun = begin_ms
        """Event time at which history ends."""
        self._feed = Feed(partitions, ZoneInfo(zone), seed, TROUBLE, PEOPLE)
        self._rng = random.Random(seed)
        self._echo = Echo(random.Random(f"{seed}/echo"))
        self._producer = confluent_kafka.Producer(
            {
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,
                "linger.ms": 20,
                "compression.type": "gzip",
                "message.timeout.ms": NEVER_GIVE_UP_MILLISECONDS,
                "message.max.bytes": 1_000_000,
                "reconnect.backoff.max.ms": 1_000,
                "log_level": 0,
            }
        )
        self.sent = 0
        """Records handed over, history included."""
        self.acknowledged: Counter[int] = Counter()
        """By partition."""
        self._number = 0
        """Of the live traffic."""
        self._refused: list[str] = []
        self._counting = threading.Lock()

    def __enter__(self) -> Self:
        history = self._feed.history(self.begun - HISTORY_DAYS * DAY, self.begun, HISTORY_EVENTS)
        for record in history:
            self._send(record)
        self._feed.begin(self._rate / self._speed)
        return super().__enter__()

    def finish(self) -> None:
        """Send no more; returns once all is acknowledged. Raises CannotSend."""
        self.__exit__()
        left = self._producer.flush(NEVER_GIVE_UP_MILLISECONDS / 1000)
        if self._refused or left:
            raise CannotSend(f"{left} records are not acknowledged; {self._refused[:3]}")

    def ends(self) -> dict[int, int]:
        """End of every partition, as far as the brokers have acknowledged."""
        return dict(sorted(self.acknowledged.items()))

    def flood(self, labels: int) -> None:
        """Let so many page views come at once, each of a page of its own, in one partition."""
        partition = self._rng.randrange(self._partitions)
        now = self._time_ms(self._number)
        for value in flood(labels, now, self._rng):
            self._hand_over(partition, now, value)

    def _run(self) -> None:
        begun = time.monotonic()
        while not self._over.is_set():
            due = int((time.monotonic() - begun) * self._rate)
            for number in range(self._number, min(due, self._number + self._rate)):
                for record in self._feed.records(self._time_ms(number)):
                    self._send(record)
                    if again := self._echo.of(record):
                        self._hand_over(record.partition, record.timestamp_ms, again)
                self._number = number + 1
            self._producer.poll(0)
            self._over.wait(SLICE_SECONDS)

    def _time_ms(self, number: int) -> int:
        """Time of a record of the live traffic, by how many were before it."""
        return self.begun + number * 1000 * self._speed // self._rate

    def _send(self, record: Record) -> None:
        self._hand_over(record.partition, record.timestamp_ms, record.value)

    def _hand_over(self, partition: int, timestamp_ms: int, value: bytes) -> None:
        while True:
            try:
                self._producer.produce(
                    self._topic,
                    value,
                    partition=partition,
                    timestamp=timestamp_ms,
                    on_delivery=self._note,
                )
            except BufferError:  # the brokers are away: so is the traffic
                self._producer.poll(0.1)
            else:
                break
        with self._counting:  # floods come from another thread
            self.sent += 1

    def _note(self, error: Any, message: Any) -> None:
        if error is not None:
            self._refused.append(str(error))
        else:
            self.acknowledged[message.partition()] += 1


class Echo:
    """Has some records be sent again a good while later; the log says which of them count."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._sent: dict[int, deque[bytes]] = defaultdict(lambda: deque(maxlen=ECHO_RECORDS[1]))

    def of(self, record: Record) -> bytes | None:
        """What is to follow a record in its partition, if anything is."""
        sent = self._sent[record.partition]
        sent.append(record.value)
        if self._rng.random() >= ECHOED or len(sent) <= ECHO_RECORDS[0]:
            return None
        return sent[-self._rng.randint(ECHO_RECORDS[0], len(sent))]


def flood(labels: int, time_ms: int, rng: random.Random) -> Iterator[bytes]:
    """Views of so many pages, each of another name; `rng` is not that of the other traffic."""
    for number in range(labels):
        event = {
            "type": "page",
            "messageId": message_id(rng),
            "userId": f"flooder{rng.randrange(40)}",
            "timestamp": time_text(time_ms),
            "name": f"flood {time_ms} {number}",
            "properties": {},
        }
        yield encode(event)
