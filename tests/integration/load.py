"""Traffic that goes on all the time, whose event time runs faster than the clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

from tests.integration.pipeline import Pipeline
from tests.integration.truth import LedgerByPartition
from tidegauge.simulator.sender import Sender
from tidegauge.simulator.simulation import Simulation

TIME_ZONE = "Europe/Berlin"
HOUR = 3_600


class Load:
    """Sends in a thread of its own; `ledger` knows what the broker has acknowledged."""

    def __init__(self, line: Pipeline, *, per_second: int, hours_ago: int, seconds: int) -> None:
        """Event time begins so many hours ago and is up to now after so many seconds.

        They are those of the test's timeout: event time ahead of the clock is ahead of `as_of`.
        """
        speed = hours_ago * HOUR // seconds
        self._line = line
        self._traffic = Simulation(
            kafka=line.kafka,
            topic=line.topic,
            partitions=line.partitions,
            rate=per_second / speed,
            timezone=TIME_ZONE,
            clock=fast_clock(speed, hours_ago),
            seed=7,
        )
        self.ledger = LedgerByPartition.of(self._traffic)
        self._pool = ThreadPoolExecutor(1)
        self._over = threading.Event()
        self._sending: Future[int]

    def __enter__(self) -> Self:
        self._send()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.disconnect()
        finally:
            self._pool.shutdown()

    def disconnect(self) -> None:
        """Send no more; all is acknowledged then. Raises what sending has raised."""
        self._over.set()
        try:
            self._sending.result(120)
            assert self._traffic.unexplained_records == 0, "the ledger is not the truth any more"
        finally:
            self._traffic.close()

    def connect(self) -> None:
        """Go on after `disconnect`, on a connection that has not seen the broker go."""
        line = self._line
        self._traffic._sender = Sender(line.kafka, line.topic, line.partitions, self.ledger)
        self._send()

    def _send(self) -> None:
        self._over.clear()
        self._sending = self._pool.submit(self._traffic.run_live, stop=self._over)

    def ends(self) -> dict[int, int]:
        """End of every partition, as far as the broker has acknowledged."""
        if self._sending.done():
            self._sending.result()
        return self.ledger.ends()


def fast_clock(speed: int, hours_ago: int) -> Callable[[], float]:
    """Seconds since the epoch, from so many hours ago on."""
    begun = time.time()
    return lambda: begun - hours_ago * HOUR + (time.time() - begun) * speed
