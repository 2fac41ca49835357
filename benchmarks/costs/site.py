"""Where a curve is measured: a broker, a Redis and a folder, which end with it."""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from agents.brokers import Brokers
from agents.topics import administration, create
from benchmarks.peers.broker import Broker, broker
from benchmarks.worker_run import WorkerRun
from tidegauge.embedded import EmbeddedRedis, free_port
from tidegauge.local_service import LocalService

PARTITIONS = 4
TOPIC = "events"
CORES = 2
POLL_SECONDS = 0.1


class Site(NamedTuple):
    """The servers of one curve; two processors for all of it, also on a larger machine."""

    broker: Broker
    redis: EmbeddedRedis
    folder: Path

    def create(self, topic: str = TOPIC, partitions: int = PARTITIONS) -> str:
        """Make an empty topic of events; its name."""
        with administration(Brokers(self.broker.bootstrap)) as admin:
            create(admin, topic, partitions, 1, {})
        return topic

    def worker(self, application: str, topic: str = TOPIC) -> WorkerRun:
        """A worker that runs to the end of a topic, with the whole default catalogue."""
        at = self.broker
        return WorkerRun(at.bootstrap, self.redis.url, topic, application, idempotent=at.is_real)

    def service(self, name: str, application: str, topic: str = TOPIC) -> LocalService:
        """A `worker` or an `exporter` of the default settings, not started yet."""
        port = free_port()
        settings = {
            "KAFKA_BOOTSTRAP": self.broker.bootstrap,
            "KAFKA_TOPIC": topic,
            "KAFKA_APPLICATION": application,
            "KAFKA_IDEMPOTENT": str(self.broker.is_real).lower(),
            "REDIS_URL": self.redis.url,
            "REDIS_PREFIX": application,
            f"{name.upper()}_BIND": f"127.0.0.1:{port}",
        }
        return LocalService(name, port, settings)


@contextmanager
def site() -> Iterator[Site]:
    """Start the servers; end them."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    with (
        broker() as at,
        EmbeddedRedis() as redis,
        tempfile.TemporaryDirectory(prefix="tidegauge-costs-") as folder,
    ):
        yield Site(at, redis, Path(folder))


def tell(text: str) -> None:
    """Say on stderr how far a curve is."""
    print(f"  {text}", file=sys.stderr, flush=True)


def wait_until(is_so: Callable[[], bool], what: str, seconds: float) -> None:
    """Return when it is so; raises TimeoutError when it is not within so many seconds."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        time.sleep(POLL_SECONDS)
