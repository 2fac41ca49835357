"""The memory of a real worker while it reads records that are handed to a real Kafka."""

import asyncio
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from agents.allocator import TIDY_SECONDS
from agents.brokers import Brokers
from agents.topics import administration, create
from benchmarks.bounds_point import MEGABYTE, Point
from benchmarks.moment import ask
from benchmarks.peak import peak_megabytes
from benchmarks.peers.broker import broker
from benchmarks.sending import Sending
from benchmarks.worker_run import WorkerRun
from streams.folding import Folding
from streams.outcomes import Record
from streams.published import Published
from tidegauge.assembly import folding
from tidegauge.embedded import EmbeddedRedis
from tidegauge.settings import Settings

TOPIC, PARTITIONS = "events", 4
LARGEST_BYTES = 2 * MEGABYTE


def read_by_worker(records: Iterable[Record], total: int) -> Iterator[Point]:
    """The most that was in memory so far, and last what stays there when all is read."""
    with broker() as at, EmbeddedRedis() as redis, tempfile.TemporaryDirectory() as folder:
        with administration(Brokers(at.bootstrap)) as admin:
            create(admin, TOPIC, PARTITIONS, 1, {"max.message.bytes": str(LARGEST_BYTES)})
        sending = Sending(at.bootstrap, TOPIC, **{"message.max.bytes": LARGEST_BYTES})
        for one in records:
            sending.send(one.offset % PARTITIONS, one.timestamp, one.value or b"")
        sending.finish()
        run = MemoryRun(at.bootstrap, redis.url, TOPIC, "bounds", idempotent=at.is_real)
        log = Path(folder) / "worker.log"
        run.run(folding(Settings()), total, log, lambda folded: run.look(folded / total))
        yield from run.points


class MemoryRun(WorkerRun):
    """Runs one worker to the end of a topic; `points` is what was seen on the way."""

    poll_seconds = 1.0
    points: list[Point]

    def look(self, done: float) -> None:
        """Note the most that was in memory so far."""
        self.points.append(Point(done, round(peak_megabytes(self._process.pid), 1)))

    @contextmanager
    def _worker(self, log: Path) -> Iterator[subprocess.Popen[bytes]]:
        self.points = []
        with super()._worker(log) as self._process:
            yield self._process

    async def _published(self, folding: Folding, events: int) -> dict[int, Published]:
        published = await super()._published(folding, events)
        self.look(1)
        await asyncio.sleep(TIDY_SECONDS + 1)  # what is free is given back so often
        moment = ask(self._port)
        if moment is None:
            raise RuntimeError("the worker does not answer")
        self.points.append(Point(1, round(moment.resident_bytes / MEGABYTE, 1)))
        return published
