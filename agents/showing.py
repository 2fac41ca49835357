"""Publishes another state beside the one that is shown, and lets exporters read it.

That is done at a moment at which it is not behind: no total falls.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import WatchError

from exporters.connection import FAILURES, describe
from exporters.keys import KEPT_SECONDS, Keys, Source
from exporters.publisher import SnapshotPublisher
from streams.partition import Partition
from streams.published import Progress
from streams.unit import seal, unseal


class Showing:
    """One state on its way to the exporters; `source` is its announcement."""

    def __init__(
        self, redis: Redis, publisher: SnapshotPublisher, keys: Keys, source: Source
    ) -> None:
        self._redis, self._publisher, self._keys, self._source = redis, publisher, keys, source
        self.error: str | None = None
        """What is wrong with Redis at the moment."""

    async def publish(
        self, partitions: Mapping[int, Partition], progress: Callable[[int], Progress]
    ) -> bool:
        """Publish what changed, the first time all; False when it is not all there."""
        whole = True
        for number, partition in partitions.items():
            changes = partition.take_changes()
            outcome = await self._publisher.publish(
                number, progress(number), changes.changed, partition.everything, changes.removed
            )
            whole &= outcome in ("written", "refused")  # refused: a worker went on from it
        self.error = self._publisher.last_error
        return whole

    async def announce(self, offsets: Mapping[int, int], *, anyway: bool) -> bool:
        """Let exporters read it, unless one that stands further is shown and `anyway` is not said.

        `offsets` are those of the partitions as published. False: nothing was done.
        """
        try:
            return await self._announce(offsets, anyway=anyway)
        except WatchError:
            return False  # what is shown went further meanwhile
        except FAILURES as error:
            self.error = describe(error)
            return False

    async def _announce(self, offsets: Mapping[int, int], *, anyway: bool) -> bool:
        async with self._redis.pipeline() as calls:
            await calls.watch(self._keys.source)
            for number, offset in (await self._shown(calls, offsets)).items():
                if offset > offsets[number] and not anyway:
                    return False
            calls.multi()  # type: ignore[no-untyped-call,unused-ignore]
            calls.set(self._keys.source, seal(self._source), ex=KEPT_SECONDS)
            await calls.execute()
        return True

    async def _shown(self, calls: Any, partitions: Mapping[int, int]) -> dict[int, int]:
        """Offsets of what is shown; from here on a change of them is a WatchError."""
        raw = await calls.get(self._keys.source)
        found: dict[int, int] = {}
        with suppress(ValueError):  # nothing is shown, or nothing that can be read
            shown = unseal(Source, raw or b"")
            keys = {n: self._keys.partition(shown.generation, n).units for n in partitions}
            await calls.watch(*keys.values())
            for number, key in keys.items():
                found[number] = int(await calls.hget(key, "offset") or 0)
        return found
