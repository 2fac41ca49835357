"""A Faust transport that hands agents one event per fetched chunk of a partition.

Faust's own loop makes two tasks per record, which costs 40 times more than folding it. Acks, gaps,
group offsets and the read-offset filter of Faust are out of the path: where reading begins is told
by the changelog (`perform_seek`), and what is safe by the checkpoint (`commit`). Registered as
`tidegauge://` under the entry point group `faust.transports`.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiokafka
from faust.transport.drivers import aiokafka as driver
from faust.types.tuples import TP, ConsumerMessage

from agents.batch import Batch
from agents.fail_stop import fail_stop
from streams.recovery import ForeignGeneration
from streams.unit import UnknownVersion

log = logging.getLogger("tidegauge.worker")

RECOVERY_DEADLINE_SECONDS = 60.0
"""Below Faust's request timeout of 90 s, after which it would consume no more and stay alive."""
GROUP_COMMIT_SECONDS = 5.0
LONG_POLL_MILLISECONDS = 100


class NoReadOffsets(dict[TP, int]):
    """Stands in for Faust's read offsets, whose late writes make it drop records sought back to."""

    def __getitem__(self, partition: TP) -> Any:
        return None

    def __setitem__(self, partition: TP, offset: int) -> None:
        """Forget it."""


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """aiokafka in its own thread."""

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        """Shorten the long poll, and leave out what a producer's transaction took back.

        Faust's 1.5 s lets partitions with data wait for an idle one.
        """
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = LONG_POLL_MILLISECONDS
        consumer._isolation_level = "read_committed"
        return consumer


class Consumer(driver.Consumer):
    """Reads in chunks, recovers from the changelog, checkpoints instead of committing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read_offset = NoReadOffsets()
        self._expected: dict[TP, int] = {}
        self._doubted: dict[TP, tuple[int, int]] = {}
        self.gap_records = 0

    @property
    def ownership(self) -> Any:
        """The app's `Ownership`."""
        return self.app.ownership

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:  # noqa: ASYNC109 - Faust's signature
        """Yield one message per chunk; its value is a `Batch`."""
        records_by_partition, _ = await self._wait_next_records(timeout)
        if not records_by_partition or self.should_stop or not self.flow_active:
            return  # what is dropped here is read again: recovery seeks, and `_continue` checks
        for partition, records in records_by_partition.items():
            batch = self._continue(partition, records)
            if batch is None:
                continue
            last = batch.records[-1]
            yield (
                partition,
                ConsumerMessage(
                    partition.topic,
                    partition.partition,
                    last.offset,
                    last.timestamp / 1000.0,
                    last.timestamp_type,
                    (),
                    None,
                    batch,
                    None,
                    None,
                    None,
                    partition,
                    generation_id=self.app.consumer_generation_id,
                ),
            )

    def _continue(self, partition: TP, records: list[Any]) -> Batch | None:
        """Accept a chunk where the last one ended; believe a hole only when it is read twice."""
        position = self._expected.get(partition)
        if position is None:
            return None  # not recovered yet
        if records[0].offset < position:
            records = [record for record in records if record.offset >= position]
        if not records:
            return None
        hole = (position, records[0].offset)
        if hole[1] > position:
            if self._doubted.get(partition) != hole:
                self._doubted[partition] = hole
                self._thread.seek(partition, position)
                return None
            self.gap_records += hole[1] - position
            log.error(
                "partition %d: offsets %d to %d are not in the source any more",
                partition.partition,
                *hole,
            )
        self._expected[partition] = records[-1].offset + 1
        return Batch(self.ownership.epoch, position, records)

    async def perform_seek(self) -> None:
        """Recover every assigned partition and seek to where it is; group offsets play no part."""
        ownership = self.ownership
        epoch = ownership.epoch
        source = {tp for tp in self.assignment() if tp.topic == self.app.settings.topic}
        try:
            async with asyncio.timeout(RECOVERY_DEADLINE_SECONDS):
                partitions = await ownership.recover(await self._beginnings(source))
                await self.seek_wait({tp: partitions[tp.partition].offset for tp in source})
        except (UnknownVersion, ForeignGeneration) as refusal:
            self.app.refuse(
                f"{refusal}. Go back to what made it, or begin anew under another name with "
                "TIDEGAUGE_KAFKA_APPLICATION"
            )
            return
        except Exception as error:  # noqa: BLE001 - a worker that cannot recover must not count
            if source <= self.assignment():
                fail_stop("the state could not be recovered", error)
            return
        if ownership.epoch != epoch:
            return  # another rebalance came between; its own recovery follows
        self._expected = {tp: partitions[tp.partition].offset for tp in source}
        self._doubted = {}
        ownership.adopt(partitions)
        log.info(
            "owning partitions %s",
            ", ".join(f"{n} from {p.offset}" for n, p in sorted(partitions.items())) or "none",
        )

    async def _beginnings(self, source: set[TP]) -> dict[int, int]:
        found: Mapping[Any, int] = await self.earliest_offsets(*source) if source else {}
        return {tp.partition: offset or 0 for tp, offset in found.items()}

    def caught_up_at(self, number: int, offset: int) -> tuple[int, int] | None:
        """Time of the last poll and the end as of then, if all before `offset` is folded.

        Times in milliseconds. (0, end) while behind; None before the first poll or when it is gone.
        """
        consumer = self._thread._consumer
        partition = aiokafka.TopicPartition(self.app.settings.topic, number)
        try:
            polled_at = consumer.last_poll_timestamp(partition)  # before the end: never too new
            end = consumer.highwater(partition)
        except (AssertionError, AttributeError, ValueError):
            return None  # revoked meanwhile
        if end is None or polled_at is None:
            return None
        return (polled_at if offset >= end else 0), end

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:  # noqa: ARG002, FBT001, FBT002 - Faust's signature
        """Checkpoint; Faust calls this on a cadence."""
        safe = await self.ownership.checkpoint()
        if safe and not self.app.rebalancing:
            await self._advise_group(safe)
        return bool(safe)

    async def wait_empty(self) -> None:
        """Checkpoint before partitions go: on revoke and on stop, with the flow stopped."""
        await self.ownership.checkpoint()

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Forget all state: whatever stays assigned is recovered anew."""
        await super().on_partitions_revoked(revoked)  # runs `wait_empty`
        self._expected = {}
        self.ownership.drop()

    async def _advise_group(self, safe: dict[int, int]) -> None:
        """Commit group offsets for lag tools only; Faust's own wrapper would crash the app."""
        consumer = self._thread._consumer
        topic = self.app.settings.topic
        offsets = {aiokafka.TopicPartition(topic, n): offset for n, offset in safe.items()}
        call = asyncio.run_coroutine_threadsafe(consumer.commit(offsets), self._thread.thread_loop)
        try:
            await asyncio.wait_for(asyncio.wrap_future(call), GROUP_COMMIT_SECONDS)
        except Exception as error:  # noqa: BLE001 - advisory
            log.debug("group offsets were not committed: %r", error)


class Producer(driver.Producer):
    """Faust's producer with settings that cannot lose or double a write where the broker can."""

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": self.app.settings.idempotent_producer}


class Transport(driver.Transport):
    """The transport behind `tidegauge://`."""

    Consumer = Consumer
    Producer = Producer
