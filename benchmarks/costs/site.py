"""Where a curve is measured: a broker, a Redis and a folder, which end with it."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from agents.brokers import Brokers
from agents.topics import administration, create
from benchmarks.peers.broker import Broker, broker
from benchmarks.worker_run import WorkerRun
from tidegauge.embedded import EmbeddedRedis

PARTITIONS = 4
TOPIC = "events"


class Site(NamedTuple):
    """The servers of one curve, with an empty topic of events."""

    broker: Broker
    redis: EmbeddedRedis
    folder: Path

    def worker(self, application: str) -> WorkerRun:
        """A worker to run, with the whole default catalogue."""
        return WorkerRun(
            self.broker.bootstrap,
            self.redis.url,
            TOPIC,
            application,
            idempotent=self.broker.is_real,
        )


@contextmanager
def site(partitions: int = PARTITIONS) -> Iterator[Site]:
    """Start the servers and make the topic; end them."""
    with (
        broker() as at,
        EmbeddedRedis() as redis,
        tempfile.TemporaryDirectory(prefix="tidegauge-costs-") as folder,
    ):
        with administration(Brokers(at.bootstrap)) as admin:
            create(admin, TOPIC, partitions, 1, {})
        yield Site(at, redis, Path(folder))


def tell(text: str) -> None:
    """Say on stderr how far a curve is."""
    print(f"  {text}", file=sys.stderr, flush=True)
