"""Publishes every owned partition to Redis on a cadence, apart from the checkpoints.

Values are absolute and a function of the log, so being ahead of the last checkpoint is harmless.
Redis being slow or away never holds up the fold: what could not be published is published later.
"""

import asyncio
import logging
from typing import Any

from exporters.keys import Source
from exporters.publisher import SnapshotPublisher
from exporters.snapshot_store import wall_clock
from streams.partition import Partition
from streams.published import Progress

log = logging.getLogger("tidegauge.worker")


class Publishing:
    """The loop that publishes."""

    def __init__(self, app: Any, publisher: SnapshotPublisher, source: Source) -> None:
        self._app, self._publisher, self._source = app, publisher, source
        self._caught_up_at: dict[int, int] = {}
        self._epoch = 0
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
            for number in range(self._source.partitions):
                self._publisher.forget(number)
            if ownership.partitions:  # a worker that owns nothing has not shown that it fits
                await self._publisher.announce(self._source)
        for number, partition in list(ownership.partitions.items()):
            if ownership.epoch != self._epoch:
                return  # given away meanwhile
            progress = self._progress(number, partition)
            if progress is not None:
                changes = partition.take_changes()
                await self._publisher.publish(
                    number, progress, changes.changed, partition.everything, changes.removed
                )

    def _tell(self) -> None:
        """Log when Redis goes and when it is back, once each."""
        error = self._publisher.last_error
        if error and not self._redis_error:
            log.warning("Redis does not answer: %s; counting goes on, publishing waits", error)
        elif self._redis_error and not error:
            log.info("Redis answers again")
        self._redis_error = error

    def _progress(self, number: int, partition: Partition) -> Progress | None:
        """How far a partition is; None before its end is known or when it was given away."""
        seen = self._app.consumer.caught_up_at(number, partition.offset)
        if seen is None:
            return None
        caught_up_at, end = seen
        if caught_up_at:
            self._caught_up_at[number] = caught_up_at
        return Progress(
            partition=number,
            offset=partition.offset,
            watermark=partition.watermark,
            caught_up_at=self._caught_up_at.get(number, 0),
            published_at=wall_clock(),
            end_offset=end,
            since=partition.since,
            checkpoint_at=self._app.ownership.checkpoint_at.get(number, 0),
            horizon_start=partition.judge.duplicates.horizon_start(),
        )
