"""What goes wrong with processes and servers, each made to happen and seen to have happened."""

from __future__ import annotations

import logging
import random
import socket
import time
from collections import Counter
from dataclasses import dataclass, field

import pytest
import redis

from tests.integration.changelog_tail import ChangelogTail
from tests.integration.crew import Crew
from tests.integration.load import Load
from tests.integration.pipeline import Service
from tests.kafka_server import RealKafka
from tidegauge.embedded import EmbeddedRedis

log = logging.getLogger("tests.faults")

SESSION_SECONDS = 6.0
KILLED = -9
MOMENT_SECONDS = 1.5
"""A moment is drawn from so much, which has a checkpoint in it."""


@dataclass
class Faults:
    """Faults of one pipeline under load; each method is one, and returns in the midst of repair."""

    crew: Crew
    load: Load
    tail: ChangelogTail
    rng: random.Random
    redis: EmbeddedRedis
    kafka: RealKafka | None
    """None: the broker is left alone."""
    happened: Counter[str] = field(default_factory=Counter)

    def kill_a_worker(self) -> None:
        """Kill -9 at any moment and start again; until there were records left to fold."""
        left = 0
        while not left:
            name, victim, owned = self._take_someone()
            ends = self.load.ends()
            assert victim.kill() == KILLED
            self.tail.catch_up()
            left = self.tail.unsafe(owned, ends)
            log.info("killed %s with %s, %d records left", name, owned, left)
            self.crew.start(name)
        self.happened["kill -9"] += 1

    def freeze_a_worker(self) -> None:
        """Stand still until the other has the partitions, then go on as a zombie."""
        name, zombie, owned = self._take_someone()
        zombie.freeze()
        log.info("froze %s with %s", name, owned)
        began = time.monotonic()
        self.crew.settle()  # without the zombie
        self.crew.wait_for("the others fold its partitions", lambda: self._beyond(owned))
        time.sleep(max(0.0, began + SESSION_SECONDS - time.monotonic()))
        assert zombie.is_frozen()
        log.info("going on with %s", name)
        zombie.thaw()
        self.crew.services[name] = zombie
        self.crew.settle()
        self.happened["zombie"] += 1

    def add_a_worker(self, name: str) -> None:
        """Start another worker, which gets partitions of those that are there."""
        self.crew.settle()
        before = self.crew.offsets()
        self.crew.start(name)
        self.crew.settle()
        self.crew.wait_for("everybody folds", lambda: self._beyond(before))
        self.happened["worker joined"] += 1

    def exchange_a_worker(self) -> None:
        """Start a third worker, and stop one of the three for good.

        Not for the embedded broker: three of a group never settle there with so short a session,
        and the partitions of a static member that has left are kept for it.
        """
        self.add_a_worker("c")
        _, leaver, owned = self._take_someone()
        assert leaver.stop() == 0
        self.crew.wait_for("the others fold its partitions", lambda: self._beyond(owned))
        self.happened["worker left"] += 1

    def kill_redis(self) -> None:
        """Take Redis and all that it held away; folding goes on, and Redis comes back empty."""
        self.crew.settle()
        client = redis.Redis.from_url(self.redis.url)
        client.set("held", "before")
        self.redis.kill()
        with pytest.raises(redis.ConnectionError):
            client.ping()
        ends = self.load.ends()
        self.crew.wait_for("folding goes on", lambda: self._beyond(ends))
        self.crew.wait_for("all say so", lambda: self._all_answer(503, "Redis does not"))
        self.redis.start()
        assert client.get("held") is None
        client.close()
        self.crew.wait_for("all are ready again", lambda: self._all_answer(200, ""))
        self.happened["Redis killed"] += 1

    def kill_the_broker(self) -> None:
        """Kill -9 while workers write a checkpoint; nothing is sent meanwhile.

        A batch whose acknowledgement is lost would be sent twice by the simulator, which is no
        idempotent producer, and the ledger would not be the truth.
        """
        assert self.kafka is not None
        self.crew.settle()
        workers = list(self.crew.services.values())
        self._build_up_a_backlog(workers)
        ends = self.load.ends()
        self.tail.wait_for_half_a_checkpoint(ends, 2)
        time.sleep(self.rng.uniform(0, 0.01))
        self.kafka.kill()
        log.info("broker killed, %d records left", self.tail.unsafe(ends, ends))
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", self.kafka.port), 1)
        time.sleep(self.rng.uniform(0, 3))
        self.kafka.start()
        self.load.connect()
        self.crew.wait_for("what was sent before is folded", lambda: self._beyond(ends))
        self.happened["broker killed"] += 1

    def _build_up_a_backlog(self, workers: list[Service]) -> None:
        for worker in workers:
            worker.freeze()
        time.sleep(SESSION_SECONDS / 3)
        self.load.disconnect()
        self.tail.catch_up()
        assert self.tail.unsafe(self.tail.safe, self.load.ends()) > 0
        for worker in workers:
            worker.thaw()

    def _take_someone(self) -> tuple[str, Service, dict[int, int]]:
        """Take a worker that owns partitions out of the crew, at any moment."""
        while True:
            self.crew.settle()
            name = self.rng.choice(sorted(self.crew.services))
            time.sleep(self.rng.uniform(0, MOMENT_SECONDS))
            self.crew.tend()
            owned = self.crew.services[name].read_offsets()
            if owned:  # the embedded broker assigns all anew a while after it has settled
                return name, self.crew.services.pop(name), owned

    def _beyond(self, before: dict[int, int]) -> bool:
        offsets = self.crew.offsets()
        return all(offsets.get(number, -1) > offset for number, offset in before.items())

    def _all_answer(self, status: int, what: str) -> bool:
        answers = [worker.get("readyz") for worker in self.crew.services.values()]
        return all(found == status and what in text for found, text in answers)
