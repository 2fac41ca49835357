"""The partitions this worker owns: the only writer of their state and changelog.

The epoch changes with every revoke and every recovery; a batch read under another epoch is void.
Faust's own filter, the group's generation, is not enough: it changes late, and one broker hands out
a number twice.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from agents.allocator import trim
from agents.batch import Batch
from agents.changelog import Changelog, KeptRow
from agents.dead_letters import DeadLetterOffice
from agents.fail_stop import fail_stop
from agents.folded import Folded, Outgoing
from agents.recovering import Advance, Recovering
from agents.writing import WRITE_DEADLINE_SECONDS
from exporters.snapshot_store import wall_clock
from streams.checkpoint import Snapshot
from streams.recovery import Recovered
from streams.rows import Rows, row_name

log = logging.getLogger("tidegauge.worker")

S = TypeVar("S", bound=Folded)
Recover = Callable[[Rows, int, str], Recovered[S]]
"""Makes a state of its changelog, the first offset its log still holds, and the generation."""


@dataclass
class Holding(Generic[S]):
    """A partition as it was recovered."""

    partition: S
    lineage: int = 0
    """The history of the state that counts, see `streams.rows`."""
    left_behind: list[str] = field(default_factory=list)
    """Names, with their lineage, of rows to delete once a checkpoint is safe."""


class Ownership(Generic[S]):
    """Folds, checkpoints and recovers the owned partitions."""

    def __init__(
        self,
        recover: Recover[S],
        generation: str,
        changelog: Changelog,
        dead_letters: DeadLetterOffice,
        outgoing: Outgoing | None = None,
        what: str = "partition",
    ) -> None:
        self._recover_rows = recover
        self.generation = generation
        self.what = what
        """What one of them is called in words: a partition, or a shard."""
        self.partitions: dict[int, S] = {}
        self.lineages: dict[int, int] = {}
        self.epoch = 0
        self.recovered = False
        """Whether the state of everything assigned is here."""
        self.recovered_at = 0
        """Wall clock since when it is, in milliseconds."""
        self.recovering = Recovering()
        self.checkpoints = 0
        self.checkpoint_at: dict[int, int] = {}
        """Wall clock, in milliseconds, up to which all that each partition had folded is stored."""
        self.repaired_units = self.lost_records = self.replayed_records = 0
        self._saved: dict[int, int] = {}
        """Offset of each partition at its last checkpoint, also where that had nothing to write:
        a shard of persons is in the facts, and is written now and then only."""
        self.safe: dict[int, int] = {}
        """Offset from which a recovery of each partition would begin."""
        self._left_behind: dict[int, list[str]] = {}
        self._changelog = changelog
        self._dead_letters = dead_letters
        self._outgoing = outgoing
        self._lock = asyncio.Lock()

    def drop(self) -> None:
        """Forget everything: the partitions are somebody else's, or soon will be."""
        self.epoch += 1
        self.recovering.cancel()
        for number in self.partitions:
            self._changelog.forget(number)
        self.partitions, self.lineages, self._left_behind = {}, {}, {}
        self.recovered = False

    def adopt(self, holdings: Mapping[int, Holding[S]]) -> None:
        """Own these partitions from here on."""
        self.epoch += 1
        self.partitions = {number: held.partition for number, held in holdings.items()}
        self.lineages = {number: held.lineage for number, held in holdings.items()}
        self._left_behind = {number: held.left_behind for number, held in holdings.items()}
        self._saved = {number: part.offset for number, part in self.partitions.items()}
        self.safe = {number: part.manifest_offset for number, part in self.partitions.items()}
        self.recovered, self.recovered_at = True, wall_clock()
        owned = (f"{number} from {part.offset}" for number, part in sorted(self.partitions.items()))
        log.info("owning %ss %s", self.what, ", ".join(owned) or "none")

    async def recover(
        self, beginnings: Mapping[int, int], advance: Advance
    ) -> dict[int, Holding[S]]:
        """Read the state of partitions from the changelog; `beginnings` are their first offsets.

        Raises what `streams.recovery.recover` raises, UnknownVersion, and Kafka errors.
        """
        rows = await self._changelog.read(beginnings, advance)
        holdings = {}
        for number, beginning in beginnings.items():
            holdings[number] = self._recover(number, rows.pop(number), beginning)
            advance.note()
            await asyncio.sleep(0)
        trim()  # the rows are larger than what is made of them
        return holdings

    def _recover(self, number: int, rows: Rows, beginning: int) -> Holding[S]:
        found = self._recover_rows(rows, beginning, self.generation)
        partition = found.partition
        self.lost_records += found.lost_records
        self.repaired_units += found.repaired
        for what in found.lost:
            log.error("%s %d: lost %s", self.what, number, what)
        if found.repaired:
            log.warning(
                "%s %d: %d units are built anew, reading begins at offset %d",
                self.what,
                number,
                found.repaired,
                partition.offset,
            )
        return Holding(partition, rows.lineage, rows.left_behind())

    async def fold(self, number: int, batch: Batch) -> None:
        """Fold a batch and send on what could not be read; raises Refusal past the limit."""
        if batch.epoch != self.epoch:
            return  # read before the last rebalance; the recovery since then reads it again
        partition = self.partitions[number]
        if batch.position > partition.offset:
            fail_stop(
                f"{self.what} {number}: a batch was lost between offsets {partition.offset} "
                f"and {batch.position}"
            )
        if batch.held_from > partition.offset:
            self._lose(number, partition, batch.held_from)
        known = partition.manifest_offset
        if partition.offset < known:
            self.replayed_records += sum(record.offset < known for record in batch.records)
        dead = partition.fold(batch.records, batch.end)
        self._dead_letters.judge(number, partition.dead_letters, dead)
        if dead:
            await self._dead_letters.send(number, dead)

    def _lose(self, number: int, partition: S, until: int) -> None:
        offset = partition.offset
        try:
            partition.lose(until)
        except ValueError as error:
            fail_stop(f"{self.what} {number}: {error}; the next start declares what is lost", error)
        self.lost_records += until - offset
        log.error(
            "%s %d: lost offsets %d to %d (%d): the topic does not hold them any more",
            self.what,
            number,
            offset,
            until,
            until - offset,
        )

    def counted(self) -> dict[int, int]:
        """Offset up to which the state of each partition reaches, in memory or in the changelog."""
        return {number: partition.reach for number, partition in self.partitions.items()}

    def rebuilding(self) -> dict[int, int]:
        """Offsets to go of each partition that is not whole yet."""
        return {
            number: partition.reach - partition.offset
            for number, partition in self.partitions.items()
            if not partition.is_whole
        }

    def unsaved(self) -> dict[int, int]:
        """Offset of the last checkpoint of each partition that has folded more since."""
        return {
            number: self._saved[number]
            for number, partition in self.partitions.items()
            if partition.offset != self._saved[number]
        }

    async def checkpoint(self) -> dict[int, int]:
        """Write what changed; return, per partition, the offset up to which it is safe now.

        Goes on when the caller is cancelled: what a snapshot took must be written.
        """
        return await asyncio.shield(self._checkpoint())

    async def _checkpoint(self) -> dict[int, int]:
        async with self._lock:
            # Taken without an await in between: no batch is ever half in a checkpoint.
            epoch, now, lineages = self.epoch, wall_clock(), self.lineages
            if self._outgoing is not None:
                self._outgoing.gather()
            found = {number: part.snapshot() for number, part in self.partitions.items()}
            snapshots = {number: snapshot for number, snapshot in found.items() if snapshot}
            still = found.keys() - snapshots.keys() - self.rebuilding().keys()
            seen = {number: self.partitions[number].offset for number in still}
            safe = {n: taken.offset for n, taken in snapshots.items() if taken.is_safe}
            if snapshots:
                stages = [
                    _stages(number, snapshot, lineages[number], self._left_behind)
                    for number, snapshot in snapshots.items()
                ]
                await self._write(stages)
                self.checkpoints += 1
            if self.epoch == epoch:
                self._saved |= {number: taken.offset for number, taken in snapshots.items()} | seen
                self.safe |= safe
            self.checkpoint_at |= dict.fromkeys([*safe, *still], now)
            return safe

    async def _write(self, stages: list[Iterator[list[KeptRow]]]) -> None:
        """Write the first stage of every partition, then the second, and so on."""
        try:
            async with asyncio.timeout(WRITE_DEADLINE_SECONDS):
                await self._dead_letters.acknowledged()
                if self._outgoing is not None:
                    await self._outgoing.acknowledged()
                for together in zip(*stages, strict=True):
                    await self._changelog.write(row for rows in together for row in rows)
        except Exception as error:  # noqa: BLE001 - whatever it was, what is durable is unknown
            fail_stop("a checkpoint could not be written", error)


def _stages(
    number: int, snapshot: Snapshot, lineage: int, left_behind: dict[int, list[str]]
) -> Iterator[list[KeptRow]]:
    """The stages of a partition with full names; the last deletes what another lineage left."""
    for rows in snapshot.stages():
        yield [(number, row_name(lineage, name), value) for name, value in rows]
    gone = left_behind.pop(number, []) if snapshot.is_safe else []
    yield [(number, name, None) for name in gone]
