"""Publishes every owned partition to Redis on a cadence, apart from the checkpoints.

Values are absolute and a function of the log, so being ahead of the last checkpoint is harmless.
Redis being slow or away never holds up the fold: what could not be published is published later.
A partition that is being rebuilt is not published: Redis keeps what it has.
"""

import asyncio
import logging
from typing import Any

import msgspec

from exporters.keys import Part, Source, lineage_of, shard_part, state_name
from exporters.publisher import SnapshotPublisher
from exporters.snapshot_store import wall_clock
from streams.persons.progress import progress_of
from streams.persons.shard import Shard
from streams.published import Progress

log = logging.getLogger("tidegauge.worker")

LOOK_SECONDS = 1.0
"""How often Redis is asked whether another history of the state counts by now."""


class Publishing:
    """The loop that publishes partitions of the source, and announces what is published."""

    def __init__(self, app: Any, publisher: SnapshotPublisher, source: Source) -> None:
        self._app, self._publisher, self._source = app, publisher, source
        self._caught_up_at: dict[int, int] = {}
        self._epoch = 0
        self._look_at = 0.0
        self._followed = 0
        """The last lineage for which the state was read again."""
        self._missed = 0
        """The last lineage that was not there then."""
        self._redis_error: str | None = None

    async def run(self) -> None:
        """Publish until cancelled."""
        interval = self._app.settings.publish_seconds
        clock = asyncio.get_running_loop().time
        while True:
            started = clock()
            await self.publish_once()
            self._tell()
            await asyncio.sleep(max(0.0, interval - (clock() - started)))

    async def publish_once(self) -> None:
        """Publish every owned partition."""
        ownership = self._app.ownership
        if ownership.epoch != self._epoch:
            self._epoch = ownership.epoch
            self._caught_up_at.clear()
            for part in self._source.parts():
                self._publisher.forget(part)
            await self._announce()
        await self._follow()
        for number, partition in list(ownership.partitions.items()):
            if ownership.epoch != self._epoch:
                return  # given away meanwhile
            progress = self._progress(number, partition) if partition.is_whole else None
            if progress is not None:
                changes = partition.take_changes()
                await self._publisher.publish(
                    self._part(number),
                    progress,
                    changes.changed,
                    partition.everything,
                    changes.removed,
                    state=state_name(self._app.generation, ownership.lineages[number]),
                )

    async def _announce(self) -> None:
        """Say what is published; a worker that owns nothing has not shown that it fits."""
        lineages = self._app.ownership.lineages.values()
        if lineages:
            state = state_name(self._app.generation, max(lineages))
            await self._publisher.announce(msgspec.structs.replace(self._source, generation=state))

    async def _follow(self) -> None:
        """Read the state again, once, when Redis says that a later history of it counts.

        `tidegauge replay` says so when it has made one. Who recovered while it did may say the
        contrary; who knows better says it again.
        """
        now = asyncio.get_running_loop().time()
        if now >= self._look_at and self._publisher.seen is None:
            self._look_at = now + LOOK_SECONDS
            await self._publisher.look()
        seen, self._publisher.seen = self._publisher.seen, None
        lineages = self._app.ownership.lineages.values()
        theirs = lineage_of(seen.generation) if seen else None
        if theirs is None or not lineages:
            return
        if theirs > min(lineages) and theirs != self._followed:
            if self._app.consumer.recover_again():
                log.info("lineage %d of the state counts now: recovering it", theirs)
                self._followed = theirs
        elif theirs > min(lineages) and theirs != self._missed:
            self._missed = theirs
            log.error(
                "lineage %d of the state counts, but %r holds an earlier one: it was deleted, or a "
                "replay was cut off. What stands in it is not shown; run `tidegauge replay`",
                theirs,
                self._app.settings.changelog_topic,
            )
        elif theirs < max(lineages):
            await self._announce()

    def _tell(self) -> None:
        """Log when Redis goes and when it is back, once each."""
        error = self._publisher.last_error
        if error and not self._redis_error:
            log.warning("Redis does not answer: %s; counting goes on, publishing waits", error)
        elif self._redis_error and not error:
            log.info("Redis answers again")
        self._redis_error = error

    def _part(self, number: int) -> Part:
        """Under which name a partition is published."""
        return number

    def _progress(self, number: int, partition: Any) -> Progress | None:
        """How far a partition is; None before its end is known or when it was given away."""
        seen = self._app.consumer.source_log.caught_up_at(number, partition.offset)
        if seen is None:
            return None
        caught_up_at, end = seen
        if caught_up_at:
            self._caught_up_at[number] = caught_up_at
        return Progress.of(
            partition,
            number,
            end_offset=end,
            caught_up_at=self._caught_up_at.get(number, 0),
            published_at=wall_clock(),
            checkpoint_at=self._app.ownership.checkpoint_at.get(number, 0),
        )


class ShardPublishing(Publishing):
    """The loop that publishes shards of persons; the other one announces them."""

    async def _announce(self) -> None:
        """Leave it to who folds the source."""

    def _part(self, number: int) -> Part:
        return shard_part(number)

    def _progress(self, number: int, partition: Any) -> Progress | None:
        shard: Shard = partition
        seen = self._app.consumer.source_log.caught_up_at(number, shard.offset)
        if seen is None:
            return None
        return progress_of(
            shard,
            number,
            end_offset=seen[1],
            published_at=wall_clock(),
            checkpoint_at=self._app.ownership.checkpoint_at.get(number, 0),
        )
