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
from aiokafka.errors import IllegalStateError
from faust.transport.drivers import aiokafka as driver
from faust.types.tuples import TP, ConsumerMessage

from agents.batch import Batch
from agents.changelog import VERSION_ADVICE
from agents.chunks import Chunk, ConsumerThread, NoReadOffsets
from agents.ownership import Ownership
from agents.recovering import Advance
from agents.same_source import check_source
from agents.settings import Refusal
from agents.source_log import SourceLog
from agents.writing import WRITE_DEADLINE_SECONDS
from streams.recovery import Unusable
from streams.unit import UnknownVersion

log = logging.getLogger("tidegauge.worker")

GROUP_COMMIT_SECONDS = 5.0
UNRECOVERED_PAUSE_SECONDS = 0.1


class Consumer(driver.Consumer):
    """Reads in chunks, recovers from the changelog, checkpoints instead of committing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read_offset = NoReadOffsets()
        self._expected: dict[TP, int] = {}
        """Where the next batch of a partition takes over."""
        self.source_log = SourceLog(self.app.settings.topic, self._thread)

    @property
    def ownership(self) -> Ownership[Any]:
        """The app's."""
        return self.app.ownership  # type: ignore[no-any-return]

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:  # noqa: ASYNC109 - Faust's signature
        """Yield one message per chunk; its value is a `Batch`. Fetches nothing before recovery."""
        ownership = self.ownership
        if not ownership.recovered:
            self._thread.stay_in_group()
            await asyncio.sleep(UNRECOVERED_PAUSE_SECONDS)
            return
        epoch = ownership.epoch
        chunks, _ = await self._wait_next_records(timeout)
        for partition, chunk in (chunks or {}).items():
            batch = await self._continue(partition, chunk)
            if epoch != ownership.epoch or self.should_stop or not self.flow_active:
                return  # a recovery seeks; or the next chunk starts elsewhere than expected
            if batch is not None:
                self._expected[partition] = batch.end
                yield partition, self._message(partition, batch)

    def _message(self, partition: TP, batch: Batch) -> ConsumerMessage:
        """Faust's envelope of a batch; of a batch without records too."""
        timestamp = batch.records[-1].timestamp / 1000.0 if batch.records else 0.0
        return ConsumerMessage(
            partition.topic,
            partition.partition,
            batch.end - 1,
            timestamp,
            0,
            (),
            None,
            batch,
            None,
            None,
            None,
            partition,
            generation_id=self.app.consumer_generation_id,
        )

    async def _continue(self, partition: TP, chunk: Chunk) -> Batch | None:
        """Accept a chunk that takes over where the last one ended; else see to it that it will."""
        expected, epoch = self._expected.get(partition), self.ownership.epoch
        if expected is None:
            return None  # not recovered yet
        if chunk.start != expected:  # Faust dropped one between the thread and here
            await self._go_back(partition, expected)
            return None
        if chunk.first < expected:
            # Out of range, and so sent to the beginning: the end had been before.
            self._refuse_end(partition, expected, f"was seen to end before offset {expected}")
            return None
        held_from = expected
        if chunk.first > expected:
            beginning = await self.source_log.beginning(partition.partition)
            if beginning is None:
                await self._go_back(partition, expected)
                return None
            held_from = min(max(beginning, expected), chunk.first)
        return Batch(epoch, expected, chunk.records, chunk.end, held_from)

    async def _go_back(self, partition: TP, offset: int) -> None:
        try:
            await self.seek_wait({partition: offset})
        except IllegalStateError:
            log.debug("%r was taken away before it could be read again", partition)

    def _refuse_end(self, partition: TP, counted: int, how: str) -> None:
        self.app.refuse(
            f"partition {partition.partition} of {partition.topic!r} {how}, but is counted up to "
            f"offset {counted}: the topic was made anew or lost its end. Point tidegauge at the "
            "right topic; or count anew what is there now with `tidegauge replay`"
        )

    async def perform_seek(self) -> None:
        """Begin to recover what is assigned; group offsets play no part."""
        self.ownership.recovering.start(self._recover)

    def recover_again(self) -> bool:
        """Read the state once more, another one counts now; False while it is being read anyway."""
        if not self.ownership.recovered or self.app.rebalancing:
            return False
        self._give_up()
        self.ownership.recovering.start(self._recover)
        return True

    async def _recover(self, advance: Advance) -> None:
        """Recover every assigned partition and read on from where it is."""
        ownership = self.ownership
        epoch = ownership.epoch
        source = {tp for tp in self.assignment() if tp.topic == self.app.settings.topic}
        try:
            if self.app.source is not None:
                await check_source(self.app.settings, self.app.source)
                advance.note()
            beginnings = await self.source_log.beginnings(source)
            advance.note()
            found = await ownership.recover(
                {tp.partition: offset or 0 for tp, offset in beginnings.items()}, advance
            )
            expected = {tp: found[tp.partition].partition.offset for tp in source}
            await self.seek_wait(expected)
        except Refusal as refusal:
            self.app.refuse(str(refusal))
            return
        except Unusable as refusal:
            self.app.refuse(
                f"{refusal}. Go back to what made it, count the topic anew with `tidegauge "
                "replay`, or begin under another name with TIDEGAUGE_KAFKA_APPLICATION"
            )
            return
        except UnknownVersion as refusal:
            self.app.refuse(f"the stored state was {refusal}. {VERSION_ADVICE}")
            return
        except IllegalStateError:
            if source <= self.assignment():
                raise
            return  # taken away meanwhile: another recovery follows
        if ownership.epoch == epoch:
            self._expected = expected
            ownership.adopt(found)

    def check_size(self) -> None:
        """Recover again when the topic has grown, which is refused then.

        The group's leader would see to it, but not one that came back under its name (KIP-814).
        """
        if self.source_log.partitions() > self.app.conf.topic_partitions:
            self.recover_again()

    async def check_ends(self) -> None:
        """Refuse to go on with a partition that ends before what was counted of it.

        A new leader may know too low an end for a moment, and one broker lists too low ones: only
        what was fetched and listed is believed.
        """
        ownership = self.ownership
        for number, counted in ownership.counted().items():
            epoch = ownership.epoch
            polled_at, end = self.source_log.polled_at(number), self.source_log.end(number)
            stale = polled_at is None or polled_at < ownership.recovered_at
            if stale or end is None or end >= counted:
                continue
            listed = await self.source_log.listed_end(number)
            if listed is not None and listed < counted and ownership.epoch == epoch:
                partition = self.source_log.partition(number)
                self._refuse_end(partition, counted, f"ends at offset {end}")

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:  # noqa: ARG002, FBT001, FBT002 - Faust's signature
        """Checkpoint; Faust calls this on a cadence."""
        safe = await self.ownership.checkpoint()
        if safe and not self.app.rebalancing:
            await self._advise_group(safe)
        return bool(safe)

    async def wait_empty(self) -> None:
        """Checkpoint before partitions go: on revoke and on stop, with the flow stopped."""
        self.ownership.recovering.cancel()
        await self.ownership.checkpoint()

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Forget all state: whatever stays assigned is recovered anew."""
        await super().on_partitions_revoked(revoked)  # runs `wait_empty`
        self._give_up()

    def _give_up(self) -> None:
        self._expected = {}
        self.ownership.drop()

    async def _advise_group(self, safe: dict[int, int]) -> None:
        """Commit group offsets for lag tools only; Faust's own wrapper would crash the app."""
        named = {self.source_log.partition(number): offset for number, offset in safe.items()}
        offsets = {aiokafka.TopicPartition(*partition): at for partition, at in named.items()}
        try:
            commit = self._thread._consumer.commit(offsets)
            await self.source_log.in_thread(commit, GROUP_COMMIT_SECONDS)
        except Exception as error:  # noqa: BLE001 - advisory
            log.debug("group offsets were not committed: %r", error)


class Producer(driver.Producer):
    """Faust's producer with settings that cannot lose or double a write where the broker can."""

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": self.app.settings.idempotent_producer}

    def _new_producer(self, transactional_id: str | None = None) -> aiokafka.AIOKafkaProducer:
        """Let what waits for a broker live as long as a checkpoint may take.

        aiokafka lets it expire with one request: without idempotence always, with it too as soon as
        a partition has no leader for a moment.
        """
        producer = super()._new_producer(transactional_id)
        producer._message_accumulator._batch_ttl = WRITE_DEADLINE_SECONDS
        return producer


class Transport(driver.Transport):
    """The transport behind `tidegauge://`."""

    Consumer = Consumer
    Producer = Producer
