"""Everything there is in one run, for faults to break."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass, field
from typing import Any

import redis

from tests.chaos.brokers import Cluster
from tests.chaos.crew import Supervised
from tests.chaos.line import Line
from tests.chaos.proxy import Proxy
from tests.chaos.recorder import Recorder
from tests.chaos.traffic import Traffic
from tests.integration.changelog_tail import ChangelogTail
from tests.integration.pipeline import Service
from tidegauge.embedded import EmbeddedRedis

WORKERS = ("a", "b", "c")
MOST_WORKERS, FEWEST_WORKERS = 5, 2
SESSION_SECONDS = 6.0


class SystemRedis(EmbeddedRedis):
    """The redis-server of the system where there is one, else the embedded one."""

    def binary(self) -> str:
        return shutil.which("redis-server") or super().binary()


@dataclass
class World:
    """What faults are made to, and what tells that they happened."""

    cluster: Cluster
    redis: SystemRedis
    redis_proxy: Proxy
    line: Line
    crew: Supervised
    exporters: list[Service]
    traffic: Traffic
    tail: ChangelogTail
    recorder: Recorder
    rng: random.Random
    """Of the fault that happens now."""
    forgotten: dict[int, int] = field(default_factory=dict)
    """By partition, where the source begins since it was made to forget."""
    wrong: list[str] = field(default_factory=list)
    """What a fault saw that must not be."""

    def redis_client(self) -> Any:
        """A client that does not go through the proxy; close it."""
        return redis.Redis.from_url(self.redis.url, socket_timeout=1, socket_connect_timeout=1)

    def ends(self) -> dict[int, int]:
        """Where the partitions of the source end, as the brokers say."""
        return self.cluster.ends(self.line.topic, range(self.line.partitions))

    @property
    def topics(self) -> tuple[str, ...]:
        """What must be replicated: the source, and what workers write."""
        settings = self.line.worker_settings()
        persons = settings.of_persons()
        return (
            *(settings.topic, settings.changelog_topic, settings.facts_topic),
            *(persons.changelog_topic, settings.dead_letter_topic),
        )

    def take_someone(self) -> tuple[str, Service, dict[int, int]]:
        """Take a worker that owns partitions out of the crew."""
        self.crew.wait_for("somebody owns something", lambda: any(self.crew.shares().values()))
        while True:
            self.crew.tend()
            name = self.rng.choice(sorted(self.crew.services))
            owned = self.crew.services[name].read_offsets()
            if owned:
                return name, self.crew.services.pop(name), owned

    def mend(self) -> None:
        """After a fault that went wrong itself: everything that should run does, nothing else."""
        for server in (*self.cluster.brokers, self.cluster.controller):
            if not server.running:
                server.kill()
                server.start()
        held = [*self.crew.services.values(), *self.exporters]
        for service in self.line.services:
            if service.running() and service not in held:
                service.kill()
        for name in WORKERS:
            if name not in self.crew.services:
                self.crew.start(name)

    def beyond(self, before: dict[int, int]) -> bool:
        """Whether somebody has folded more than that of these partitions."""
        offsets = self.crew.offsets()
        return all(offsets.get(number, -1) > offset for number, offset in before.items())
