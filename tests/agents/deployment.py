"""A Redis to publish to and workers that do, for the tests of publishing."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any, Generic, Self, TypeVar

from redis.asyncio import Redis

from agents.ownership import Ownership
from agents.publishing import Publishing
from agents.settings import WorkerSettings
from exporters.keys import Keys, Part, Source
from exporters.publisher import SnapshotPublisher
from streams.published import Progress
from streams.unit import seal, unseal
from tests.agents.made_up import GENERATION

NUMBERS = itertools.count(1)


class PublishingWorker:
    """The publishing of a worker whose consumer knows no Kafka; `caught_up_at` is its tests'."""

    def __init__(
        self,
        publishing: type[Publishing],
        source: Source,
        settings: WorkerSettings,
        ownership: Ownership[Any],
        url: str,
        prefix: str,
    ) -> None:
        self.source_log, self.recoveries = self, 0
        app: Any = SimpleNamespace(
            generation=GENERATION, settings=settings, ownership=ownership, consumer=self
        )
        self.publisher = SnapshotPublisher(url, prefix, GENERATION)
        self.publishing = publishing(app, self.publisher, source)

    def recover_again(self) -> bool:
        self.recoveries += 1
        return True

    async def publish(self) -> None:
        """Publish, and ask Redis what others say."""
        self.publishing._look_at = 0
        await self.publishing.publish_once()


W = TypeVar("W", bound=PublishingWorker)


class Deployment(Generic[W]):
    """A prefix of its own in a Redis, and the workers that publish there."""

    def __init__(self, url: str) -> None:
        self.url, self.prefix = url, f"publishing-{next(NUMBERS)}"
        self.redis = Redis.from_url(url)
        self._workers: list[W] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.redis.aclose()
        for worker in self._workers:
            await worker.publisher.close()

    def admit(self, worker: W) -> W:
        """Close it, too, in the end."""
        self._workers.append(worker)
        return worker

    async def say_source(self, source: Source) -> None:
        """Say, as somebody else, what is published."""
        await self.redis.set(Keys(self.prefix).source, seal(source))

    async def source(self) -> Source:
        """What is said to be published."""
        raw: Any = await self.redis.get(Keys(self.prefix).source)
        return unseal(Source, raw)

    async def progress_of(self, state: str, part: Part) -> Progress | None:
        """How far a part of a state is published."""
        raw: Any = await self.redis.hget(Keys(self.prefix).partition(state, part).units, "progress")
        return None if raw is None else unseal(Progress, raw)
