"""The partitions this worker owns: the only writer of their state and changelog.

The epoch changes with every revoke and every recovery; a batch read under another epoch is void.
Faust's own filter, the group's generation, is not enough: it changes late, and one broker hands out
a number twice.
"""

import asyncio
import logging

from agents.batch import Batch
from agents.changelog import Changelog
from agents.dead_letters import DeadLetterOffice
from agents.fail_stop import fail_stop
from agents.settings import WorkerSettings
from exporters.snapshot_store import wall_clock
from streams.checkpoint import MANIFEST
from streams.partition import Partition
from streams.recovery import recover

log = logging.getLogger("tidegauge.worker")

WRITE_DEADLINE_SECONDS = 30.0


class Ownership:
    """Folds, checkpoints and recovers the owned partitions."""

    def __init__(
        self,
        settings: WorkerSettings,
        generation: str,
        changelog: Changelog,
        dead_letters: DeadLetterOffice,
    ) -> None:
        self.settings = settings
        self.generation = generation
        self.partitions: dict[int, Partition] = {}
        self.epoch = 0
        self.recovered = False
        """Whether the state of everything assigned is here."""
        self.checkpoints = 0
        self.checkpoint_at: dict[int, int] = {}
        """Wall clock of each partition's last checkpoint, in milliseconds."""
        self.repaired_units = 0
        self._changelog = changelog
        self._dead_letters = dead_letters
        self._lock = asyncio.Lock()

    def drop(self) -> None:
        """Forget everything: the partitions are somebody else's, or soon will be."""
        self.epoch += 1
        for number in self.partitions:
            self._changelog.forget(number)
        self.partitions = {}
        self.recovered = False

    def adopt(self, partitions: dict[int, Partition]) -> None:
        """Own these partitions from here on."""
        self.epoch += 1
        self.partitions = partitions
        self.recovered = True

    async def recover(self, beginnings: dict[int, int]) -> dict[int, Partition]:
        """Read the state of partitions from the changelog; `beginnings` are their first offsets.

        Raises what `streams.recovery.recover` raises, and Kafka errors.
        """
        rows = await self._changelog.read(list(beginnings))
        partitions = {}
        for number, beginning in beginnings.items():
            recovered = recover(self.settings.folding, rows[number], beginning, self.generation)
            partitions[number] = recovered.partition
            self.repaired_units += recovered.repaired
            if recovered.repaired:
                log.warning(
                    "partition %d: %d units are built anew from offset %d",
                    number,
                    recovered.repaired,
                    recovered.partition.offset,
                )
        return partitions

    async def fold(self, number: int, batch: Batch) -> None:
        """Fold a batch and send on what could not be read; raises Refusal past the limit."""
        if batch.epoch != self.epoch:
            return  # read before the last rebalance; the recovery since then reads it again
        partition = self.partitions[number]
        if batch.position > partition.offset:
            fail_stop(
                f"partition {number}: a batch was lost between offsets {partition.offset} "
                f"and {batch.position}"
            )
        dead = partition.fold(batch.records)
        self._dead_letters.observe(number, len(batch.records), dead, batch.records[-1].offset)
        if dead:
            await self._dead_letters.send(number, dead)

    async def checkpoint(self) -> dict[int, int]:
        """Write what changed; return, per partition, the offset up to which it is safe now.

        Goes on when the caller is cancelled: what a snapshot took must be written.
        """
        return await asyncio.shield(self._checkpoint())

    async def _checkpoint(self) -> dict[int, int]:
        async with self._lock:
            # Taken without an await in between: no batch is ever half in a checkpoint.
            snapshots = {
                number: snapshot
                for number, partition in self.partitions.items()
                if (snapshot := partition.snapshot())
            }
            if not snapshots:
                return {}
            safe = {n: s for n, s in snapshots.items() if s.manifest is not None}
            try:
                async with asyncio.timeout(WRITE_DEADLINE_SECONDS):
                    await self._dead_letters.acknowledged()
                    await self._changelog.write(
                        (n, k, v) for n, s in snapshots.items() for k, v in s.units
                    )
                    await self._changelog.write((n, MANIFEST, s.manifest) for n, s in safe.items())
                    await self._changelog.write(
                        (n, k, None) for n, s in safe.items() for k in s.tombstones
                    )
            except Exception as error:  # noqa: BLE001 - whatever it was, what is durable is unknown
                fail_stop("a checkpoint could not be written", error)
            self.checkpoints += 1
            self.checkpoint_at.update(dict.fromkeys(safe, wall_clock()))
            return {number: snapshot.offset for number, snapshot in safe.items()}
