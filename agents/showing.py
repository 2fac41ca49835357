"""Publishes another state beside the one that is shown, and lets exporters read it.

That is done at a moment at which it is not behind, if one comes: then no total falls, unless it
was counted from a later time on.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from itertools import starmap
from typing import Any

from redis.asyncio import Redis

from agents.folded import Folded
from exporters.connection import FAILURES, describe
from exporters.keys import KEPT_SECONDS, Keys, Part, Source, script
from exporters.publisher import SnapshotPublisher
from streams.published import Progress
from streams.unit import seal, unseal

CALLS_AT_ONCE = 32
"""One after the other they would take so long that some worker is always ahead by then."""


class Showing:
    """One state on its way to the exporters; `source` is its announcement."""

    def __init__(
        self, redis: Redis, publisher: SnapshotPublisher, keys: Keys, source: Source
    ) -> None:
        self._redis, self._publisher, self._keys, self._source = redis, publisher, keys, source
        self.error: str | None = None
        """What is wrong with Redis at the moment."""
        self._is_published = False

    async def publish(
        self, parts: Mapping[Part, Folded], progress: Mapping[Part, Progress]
    ) -> bool:
        """Publish what changed, the first time all; False when it is not all there.

        Nothing may be folded before it returns.
        """
        at_once = asyncio.Semaphore(CALLS_AT_ONCE if self._is_published else 1)

        async def publish(part: Part, folded: Folded) -> bool:
            async with at_once:
                changes = folded.take_changes()
                outcome = await self._publisher.publish(
                    part, progress[part], changes.changed, folded.everything, changes.removed
                )
            return outcome in ("written", "refused")  # refused: a worker went on from it

        self._is_published = all(await asyncio.gather(*starmap(publish, parts.items())))
        self.error = self._publisher.last_error
        return self._is_published

    async def announce(self, offsets: Mapping[int, int], *, anyway: bool) -> bool:
        """Let exporters read it, unless one that stands further is shown and `anyway` is not said.

        `offsets` are those of the partitions as published. False: nothing was done.
        """
        try:
            return await self._announce(offsets, "anyway" if anyway else "")
        except FAILURES as error:
            self.error = describe(error)
            return False

    async def _announce(self, offsets: Mapping[int, int], how: str) -> bool:
        key, new = self._keys.source, seal(self._source)
        shown: Any = await self._redis.get(key)
        units: list[str] = []
        with suppress(ValueError):  # nothing is shown, or nothing that can be read
            state = unseal(Source, shown or b"").generation
            units = [self._keys.partition(state, number).units for number in offsets]
        arguments = [key, *units, shown or b"", new, KEPT_SECONDS, how, *offsets.values()]
        done: Any = await self._redis.eval(script("show"), 1 + len(units), *arguments)
        return bool(done)
