"""Sends live traffic at a rate, in a process of its own: events of now, each at its time.

    python -m benchmarks.costs.live BOOTSTRAP TOPIC PARTITIONS RATE SECONDS

One simulated second of so many records is made into templates before; it is sent again each
second, with the times of that second and other message ids, and every five minutes with other
people. The last line on stdout is JSON: records sent, and how late the latest was handed over.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo

from benchmarks.ending import end
from benchmarks.load import PEOPLE
from benchmarks.peers.environments import ROOT
from benchmarks.sending import Sending
from benchmarks.template import TO_THE_SECOND, Template, text_of, time_of, times_in
from tidegauge.simulator.disturbance import Disturbances
from tidegauge.simulator.feed import Feed

SECOND_MS = 1_000
START_MS = 1_767_600_000_000
SECONDS_OF_THE_SAME_PEOPLE = 300
BURST_SECONDS = 0.005
STOP_SECONDS = 10


class Second:
    """The records of one second, to be had for each."""

    def __init__(self, partitions: int, rate: int, seed: int = 1) -> None:
        feed = Feed(partitions, ZoneInfo("UTC"), seed, Disturbances(), PEOPLE)
        records = feed.preload(START_MS, START_MS + SECOND_MS, rate)
        self._templates = [Template.of(record, TO_THE_SECOND) for record in records]
        texts = {text for one in self._templates for text in times_in(one.value, TO_THE_SECOND)}
        self._times = {text: time_of(text) for text in texts}

    def at(self, second: int) -> Iterator[Template]:
        """Those of a second since the epoch, in the order of their timestamps."""
        shift_ms = second * SECOND_MS - START_MS
        words = {text: text_of(ms + shift_ms, TO_THE_SECOND) for text, ms in self._times.items()}
        people = b"%d-" % (second // SECONDS_OF_THE_SAME_PEOPLE)
        words |= {b"id": b"%08x" % second, b"people": people}
        for partition, timestamp_ms, value in self._templates:
            yield Template(partition, timestamp_ms + shift_ms, value % words)


@contextmanager
def live(
    bootstrap: str, topic: str, partitions: int, rate: int, seconds: float
) -> Iterator["subprocess.Popen[bytes]"]:
    """Send for so many seconds beside the block, at the longest as long as it lasts."""
    order = (bootstrap, topic, partitions, rate, seconds)
    command = [sys.executable, "-m", "benchmarks.costs.live", *map(str, order)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)  # noqa: S603 - our own command
    try:
        yield process
    finally:
        end(process, STOP_SECONDS)


def _send(bootstrap: str, topic: str, second: Second, seconds: float) -> dict[str, float]:
    burst = {"linger.ms": BURST_SECONDS * 1_000, "queue.buffering.max.messages": 400_000}
    sending = Sending(bootstrap, topic, **burst)
    sent, behind, now = 0, 0.0, time.time()
    begin = int(now) + 1
    for number in range(begin, begin + int(seconds)):
        for record in second.at(number):
            due = record.timestamp_ms / SECOND_MS
            if due > now:
                sending.poll()
                now = _wait_until(due)
                behind = max(behind, now - due)
            sending.send(*record)
            sent += 1
    sending.finish()
    return {"sent": sent, "behind_seconds": round(behind, 3)}


def _wait_until(due: float) -> float:
    """Wait in bursts: a wait for each record would take a processor."""
    pause = due - time.time()
    if pause > 0:
        time.sleep(max(pause, BURST_SECONDS))
    return time.time()


if __name__ == "__main__":
    _, server, name, partitions_, rate_, seconds_ = sys.argv
    second_ = Second(int(partitions_), int(rate_))
    print(json.dumps(_send(server, name, second_, float(seconds_))))
