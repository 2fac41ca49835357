"""One run of simulated traffic: history first, then live traffic at a rate, or a fast preload.

The same seed and clock give the same records. What was acknowledged stands in `ledger`; reading
it from another thread is safe. Everything else is for one thread.
"""

import itertools
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from agents.brokers import Brokers
from tidegauge.simulator.disturbance import Disturbances
from tidegauge.simulator.feed import Feed
from tidegauge.simulator.ledger import Ledger
from tidegauge.simulator.record import Record
from tidegauge.simulator.sender import Sender

SLICE_SECONDS = 0.05
DAY_MS = 86_400_000
Progress = Callable[[int, int], None]
"""Called now and then with records done and records planned."""
PROGRESS_RECORDS = 1_000


@dataclass(kw_only=True)
class Simulation:
    """Connects when it is made; raises SendError when the topic is not as described."""

    kafka: Brokers
    topic: str
    partitions: int
    rate: float = 1_000
    """Records per second of the live phase; 0 sends none."""
    seed: int = 1
    timezone: str = "UTC"
    history_days: float = 35
    history_events: int = 40_000
    launch_days: float | None = None
    """How long before the end of the history a launch begins; None for none."""
    people: int = 5_000
    """Customers at the start; newcomers are added."""
    events: Path | None = None
    """Where to write every record sent, one JSON line each."""
    disturbances: Disturbances = field(default_factory=Disturbances)
    clock: Callable[[], float] = time.time
    """Seconds since the epoch: event time of the live phase."""
    ledger: Ledger = field(init=False)

    def __post_init__(self) -> None:
        """Connect and draw the population."""
        self.ledger = Ledger(self.timezone)
        self._feed = Feed(
            partitions=self.partitions,
            timezone=ZoneInfo(self.timezone),
            seed=self.seed,
            disturbances=self.disturbances,
            people=self.people,
        )
        self._sender = Sender(self.kafka, self.topic, self.partitions, self.ledger, self.events)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def unexplained_records(self) -> int:
        """Records in the topic, between ours, that the ledger does not know; 0 in a clean run."""
        return self._sender.unexplained_records

    def run_history(self, progress: Progress | None = None) -> int:
        """Send thinned traffic of the days before now; returns once all is acknowledged.

        Record timestamps are event times; nothing is late, broken, future or a bot.
        """
        end_ms = self._now_ms()
        start_ms = end_ms - int(self.history_days * DAY_MS)
        days = self.launch_days
        launch_ms = None if days is None else end_ms - int(days * DAY_MS)
        records = self._feed.history(start_ms, end_ms, self.history_events, launch_ms)
        return self._send_all(records, self.history_events, progress)

    def preload(
        self, count: int, span_seconds: float, start_ms: int, progress: Progress | None = None
    ) -> int:
        """Send exactly `count` disturbed records as fast as possible.

        Their timestamps are spread over `[start_ms, start_ms + span_seconds)`. Duplicates are sent
        only where a partition gets a record every two seconds or more often.
        """
        end_ms = start_ms + int(span_seconds * 1000)
        return self._send_all(self._feed.preload(start_ms, end_ms, count), count, progress)

    def run_live(
        self,
        duration_seconds: float | None = None,
        count: int | None = None,
        stop: threading.Event | None = None,
        progress: Progress | None = None,
    ) -> int:
        """Send at `rate` until the first limit; returns the number sent, all acknowledged.

        Without limits it runs until `stop` is set, or for ever. Behind its rate it sends as fast
        as it can until it has caught up.
        """
        stop = stop or threading.Event()
        self._feed.begin(self.rate)
        begun = last = self._now_ms()
        sent = 0
        while not stop.is_set() and (count is None or sent < count):
            now = max(last, self._now_ms())
            if duration_seconds is not None and now - begun >= duration_seconds * 1000:
                break
            due = int((now - begun) * self.rate / 1000) - sent
            due = min(due, self._slice_limit())
            room = due + 1 if count is None else count - sent
            sent += self._send_slice(min(due, room), room, last, now)
            last = now
            if progress is not None:
                progress(sent, count or 0)
            stop.wait(SLICE_SECONDS if due < self._slice_limit() else 0)
        self._sender.flush()
        return sent

    def close(self) -> None:
        """Disconnect and close the events file."""
        self._sender.close()

    def _send_slice(self, due: int, room: int, last_ms: int, now_ms: int) -> int:
        sent = 0
        while sent < due:
            record_ms = last_ms + (now_ms - last_ms) * (sent + 1) // due
            # A duplicate that falls due may make the slice one longer; the next is shorter.
            for record in itertools.islice(self._feed.records(record_ms), room - sent):
                self._sender.send(record)
                sent += 1
        self._sender.settle()
        return sent

    def _send_all(self, records: Iterable[Record], planned: int, progress: Progress | None) -> int:
        sent = 0
        for sent, record in enumerate(records, 1):
            self._sender.send(record)
            if sent % PROGRESS_RECORDS == 0:
                self._sender.settle()
                if progress is not None:
                    progress(sent, planned)
        self._sender.flush()
        if progress is not None:
            progress(sent, planned)
        return sent

    def _slice_limit(self) -> int:
        # Half a second of traffic: a stop is noticed soon, also while catching up.
        return max(1, int(self.rate / 2))

    def _now_ms(self) -> int:
        return int(self.clock() * 1000)
