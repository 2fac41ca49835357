"""The job in Quix Streams: tumbling windows over RocksDB, with changelog topics.

Records are keyed anew where they are, as its own `group_by` does on a topic of one partition: state
is kept by partition, and sums are made when they are read. On more partitions `group_by` goes by
way of another topic, which would cost it more.

Cannot: know a duplicate; count persons, but by keeping each as a key.
"""

from datetime import timedelta
from typing import Any

from quixstreams import Application, message_context

from benchmarks.peers.job import Event, read
from benchmarks.peers.marks import Marks, Order, named

GRACE = timedelta(days=1)

Windows = dict[tuple[int, str, int], int]
"""Latest count by partition, key and start of the window."""

order = Order.read()
marks = Marks(order)
minutes: Windows = {}
days: Windows = {}
persons: Windows = {}


def main() -> None:
    """Count until the topic is read."""
    app: Any = Application(
        broker_address=order.bootstrap,
        consumer_group=order.application,
        auto_offset_reset="earliest",
        state_dir=order.folder,
        use_changelog_topics=order.variant != "fleeting",
        on_message_processed=lambda *_: marks.add() and app.stop(),
        loglevel="WARNING",
    )
    topic = app.topic(order.topic, value_deserializer="bytes")
    events = app.dataframe(topic).apply(_read, metadata=True).filter(lambda event: event)
    events = events.set_timestamp(lambda event, *_: event.time)
    counted = events.filter(lambda event: event.key)
    active = events.filter(lambda event: event.person)
    counted = counted._single_partition_groupby("counts", lambda event: event.key)  # noqa: SLF001 - see above
    active = active._single_partition_groupby("persons", lambda event: event.person)  # noqa: SLF001 - see above
    _count(counted, timedelta(minutes=1), minutes)
    _count(counted, timedelta(days=1), days)
    _count(active, timedelta(days=1), persons)
    app.run()
    seen: dict[int, set[str]] = {}
    for _, person, start in persons:
        seen.setdefault(start, set()).add(person)
    marks.finish(
        named(_of(minutes), _of(days), {start: len(found) for start, found in seen.items()})
    )


def _read(value: bytes, _: Any, record_time: int, __: Any) -> Event | None:
    return read(value, record_time)


def _count(source: Any, size: timedelta, found: Windows) -> None:
    """Count by key in windows, and keep what they come to, as a sink would."""

    def keep(window: dict[str, int], key: str, *_: Any) -> None:
        found[message_context().partition, key, window["start"]] = window["value"]

    source.tumbling_window(size, grace_ms=GRACE).count().current().update(keep, metadata=True)


def _of(windows: Windows) -> list[tuple[str, int, int]]:
    return [(key, start, count) for (_, key, start), count in windows.items()]


if __name__ == "__main__":
    main()
