"""The job in Bytewax: windows in event time, with a recovery store that is written each second.

Cannot: know a duplicate; show a window before it is closed, a day after its end, which is why the
counts come when the topic ends; write what it counted where another machine could go on from.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import bytewax.operators as op
import bytewax.operators.windowing as win
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.operators.windowing import EventClock, TumblingWindower
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import TestingSink, cluster_main

from benchmarks.peers.job import Event, read
from benchmarks.peers.marks import Marks, Order, named

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
Found = list[tuple[str, tuple[int, Any]]]
"""Key, number of the window, and what it came to."""

order = Order.read()
marks = Marks(order)
minutes: Found = []
days: Found = []
persons: Found = []


def _read(message: Any) -> Event | None:
    marks.add()
    return read(message.value, message.timestamp[1])


def _flow() -> Dataflow:
    flow = Dataflow("job")
    source = KafkaSource([order.bootstrap], [order.topic], tail=False)
    events = op.filter_map("read", op.input("topic", flow, source), _read)
    clock = EventClock(lambda event: event.moment, wait_for_system_duration=DAY)
    counted = op.filter("counted", events, lambda event: bool(event.key))
    for name, size, found in (("minutes", MINUTE, minutes), ("days", DAY, days)):
        windower = TumblingWindower(length=size, align_to=EPOCH)
        windows = win.count_window(name, counted, clock, windower, key=lambda event: event.key)
        op.output(f"{name}-out", windows.down, TestingSink(found))
    active = op.filter("active", events, lambda event: bool(event.person))
    windows = win.fold_window(
        "persons",
        op.key_on("everybody", active, lambda _: "everybody"),
        clock,
        TumblingWindower(length=DAY, align_to=EPOCH),
        builder=set,
        folder=_add,
        merger=set.union,
    )
    op.output("persons-out", windows.down, TestingSink(persons))
    return flow


def _add(seen: set[str], event: Event) -> set[str]:
    seen.add(event.person)
    return seen


def _of(found: Found, size: timedelta) -> list[tuple[str, int, Any]]:
    milliseconds = size // timedelta(milliseconds=1)
    return [(key, number * milliseconds, count) for key, (number, count) in found]


if __name__ == "__main__":
    recovery = None
    if order.variant == "durable":
        init_db_dir(order.folder, 1)
        recovery = RecoveryConfig(order.folder)
    cluster_main(_flow(), [], 0, epoch_interval=timedelta(seconds=1), recovery_config=recovery)
    seen = {start: len(found) for _, start, found in _of(persons, DAY)}
    marks.finish(named(_of(minutes, MINUTE), _of(days, DAY), seen))
