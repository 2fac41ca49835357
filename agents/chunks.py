"""The consumer thread's side of reading: every chunk says from where to where it reaches.

aiokafka's position moves over control records, aborted transactions and compacted offsets without
a record to show for it; only here can be seen that nothing was left out.
"""
# ruff: noqa: SLF001 - subclasses Faust and looks into aiokafka, whose seams are private names

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import aiokafka
from aiokafka.errors import IllegalStateError
from faust.transport.drivers import aiokafka as driver
from faust.types.tuples import TP

LONG_POLL_MILLISECONDS = 100


class Chunk(NamedTuple):
    """What was fetched of one partition, perhaps no record at all."""

    start: int
    """Where the chunk before ended, or where reading was sent to."""
    records: list[Any]
    end: int
    """aiokafka's position behind it."""

    def __repr__(self) -> str:
        """Without the records, as that of a batch."""
        return f"<Chunk: {len(self.records)} records, offsets {self.start} to {self.end}>"

    @property
    def first(self) -> int:
        """The first offset that was there."""
        return self.records[0].offset if self.records else self.end


class NoReadOffsets(dict[TP, int]):
    """Stands in for Faust's read offsets, whose late writes make it drop records sought back to."""

    def __getitem__(self, partition: TP) -> Any:
        return None

    def __setitem__(self, partition: TP, offset: int) -> None:
        """Forget it."""


class Fetched(dict[Any, Any]):
    """What aiokafka has fetched and not handed over: of a record what its decoder has made.

    aiokafka would copy it to an object with eleven fields, for a third of what unpacking costs.
    """

    def __setitem__(self, partition: Any, found: Any) -> None:
        records = getattr(found, "_partition_records", None)  # an error has none
        if records is not None:
            records._consumer_record = _as_it_is
        super().__setitem__(partition, found)


def _as_it_is(_partition: Any, record: Any) -> Any:
    return record


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """aiokafka in its own thread, where every seek and every fetch takes place."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._reached: dict[TP, int] = {}
        """Where the next chunk of a partition must start."""

    async def on_start(self) -> None:
        """Let what is fetched from now on be handed over as it is."""
        await super().on_start()
        fetcher = self._consumer._fetcher
        fetcher._records = Fetched(fetcher._records)

    def stay_in_group(self) -> None:
        """Count as reading: aiokafka leaves the group of who does not for 1000 s."""
        self._consumer._subscription._last_fetch_ended = time.monotonic()

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        """Shorten the long poll, and leave out what a producer's transaction took back.

        Faust's 1.5 s lets partitions with data wait for an idle one.
        """
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = LONG_POLL_MILLISECONDS
        consumer._isolation_level = "read_committed"
        return consumer

    async def _seek_wait(
        self, consumer: aiokafka.AIOKafkaConsumer, partitions: Mapping[TP, int]
    ) -> None:
        for partition, offset in partitions.items():
            consumer.seek(partition, offset)
            self._reached[partition] = offset

    async def _fetch_records(
        self,
        consumer: aiokafka.AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109 - Faust's signature
        max_records: int | None = None,
    ) -> dict[TP, Chunk]:
        try:
            fetched = await super()._fetch_records(
                consumer, active_partitions, timeout, max_records
            )
        except Exception:
            self._go_back(consumer)
            raise
        # No await from here on: the positions are those that belong to what was fetched.
        return dict(self._chunks(consumer, active_partitions, fetched))

    def _chunks(
        self,
        consumer: aiokafka.AIOKafkaConsumer,
        active: set[TP],
        fetched: Mapping[TP, list[Any]],
    ) -> Iterator[tuple[TP, Chunk]]:
        waiting = consumer._fetcher._records  # errors too: behind them the position is not ours
        for partition in fetched.keys() | (active - waiting.keys()):
            start, end = self._reached.get(partition), _position(consumer, partition)
            if start is None or end is None or end == start:
                continue
            self._reached[partition] = end
            yield partition, Chunk(start, fetched.get(partition, []), end)

    def _go_back(self, consumer: aiokafka.AIOKafkaConsumer) -> None:
        """Let nothing be passed over that was fetched beside an error, and is lost with it."""
        for partition, offset in self._reached.items():
            with suppress(IllegalStateError):  # not ours any more
                consumer.seek(partition, offset)


def _position(consumer: aiokafka.AIOKafkaConsumer, partition: TP) -> int | None:
    """Where aiokafka stands; None while it has none, or when the partition was taken away."""
    assignment = consumer._subscription.subscription.assignment
    state = assignment and assignment.state_value(partition)
    return state.position if state and state.has_valid_position else None
