"""One run of the real worker over the whole topic, watched through its own /metrics."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.ending import end
from benchmarks.moment import Moment, ask
from exporters.snapshot_store import SnapshotReader
from streams.folding import Folding
from streams.published import Published
from tidegauge.embedded import free_port
from tidegauge.settings import ENVIRONMENT

POLL_SECONDS = 0.5
START_SECONDS = 60
SILENT_SECONDS = 60
STOP_SECONDS = 30
RECOVERY_SECONDS_MAX = 180
WARM_UP_SECONDS = 3.0
SETTLE_SECONDS = 15.0


class WorkerRun:
    """Runs one worker to the end of a topic; `moments` is what was seen on the way."""

    poll_seconds = POLL_SECONDS

    def __init__(
        self,
        bootstrap: str,
        redis_url: str,
        topic: str,
        application: str,
        *,
        idempotent: bool = False,  # the embedded broker cannot
        options: Sequence[str] = (),
    ) -> None:
        self._port = free_port()
        self._options = options
        self._redis_url, self._application = redis_url, application
        self._environment = {
            "KAFKA_BOOTSTRAP": bootstrap,
            "KAFKA_TOPIC": topic,
            "KAFKA_APPLICATION": application,
            "KAFKA_IDEMPOTENT": str(idempotent).lower(),
            "REDIS_URL": redis_url,
            "REDIS_PREFIX": application,
            "WORKER_BIND": f"127.0.0.1:{self._port}",
            "WORKER_SESSION_SECONDS": "10",
        }
        self.moments: list[Moment] = []

    def run(
        self, folding: Folding, events: int, log: Path, progress: Callable[[int], Any]
    ) -> dict[int, Published]:
        """Fold `events` records; return what then stands in Redis."""
        with self._worker(log) as process:
            self._watch(process, events, log, progress)
            return asyncio.run(self._published(folding, events))

    def recovered(self, log: Path) -> Moment:
        """Start a worker on the state that is there; how it is when it has read it."""
        deadline = time.monotonic() + RECOVERY_SECONDS_MAX
        with self._worker(log) as process:
            while process.poll() is None and time.monotonic() < deadline:
                moment = ask(self._port)
                if moment is not None and moment.offsets and moment.recovery_seconds > 0:
                    return moment
                time.sleep(POLL_SECONDS)
        tail = log.read_text(errors="replace")[-2_000:]
        raise RuntimeError(f"the state was not recovered. The log ends with:\n{tail}")

    def steady(self) -> tuple[Moment, Moment]:
        """Two moments inside: warm if there are such, and all partitions with records to read."""
        last = self.moments[-1].offsets
        inside = [
            moment
            for moment in self.moments
            if len(moment.offsets) == len(last)
            and moment.folded > 0
            and all(moment.offsets[number] < 0.99 * end for number, end in last.items())
        ]
        if len(inside) < 2:  # noqa: PLR2004 - a rate is between two
            raise RuntimeError("the topic was folded too fast to measure: it needs more records")
        warm = [m for m in inside if m.seconds >= inside[0].seconds + WARM_UP_SECONDS]
        return (warm if len(warm) > 1 else inside)[0], inside[-1]

    @contextmanager
    def _worker(self, log: Path) -> Iterator[subprocess.Popen[bytes]]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(ENVIRONMENT)}
        environment = inherited | {ENVIRONMENT + k: v for k, v in self._environment.items()}
        command = [sys.executable, "-m", "tidegauge", "worker", *self._options]
        with log.open("wb") as output:
            process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)  # noqa: S603 - our own command
        try:
            yield process
        finally:
            end(process, STOP_SECONDS)

    def _watch(
        self,
        process: subprocess.Popen[bytes],
        events: int,
        log: Path,
        progress: Callable[[int], Any],
    ) -> None:
        deadline = time.monotonic() + START_SECONDS
        folded = 0
        while folded < events:
            time.sleep(self.poll_seconds)
            moment = ask(self._port)
            if moment is not None:
                self.moments.append(moment)
                if moment.folded > folded:
                    deadline = moment.seconds + SILENT_SECONDS
                    folded = moment.folded
                    progress(folded)
            if process.poll() is not None or time.monotonic() > deadline:
                tail = log.read_text(errors="replace")[-2_000:]
                raise RuntimeError(f"the worker ended or stood still. Its log ends with:\n{tail}")

    async def _published(self, folding: Folding, events: int) -> dict[int, Published]:
        reader = SnapshotReader(self._redis_url, self._application, folding)
        try:
            deadline = time.monotonic() + SETTLE_SECONDS
            while True:
                snapshot = await reader.read()
                if sum(p.progress.offset for p in snapshot.partitions.values()) == events:
                    return snapshot.partitions
                if time.monotonic() > deadline:
                    raise RuntimeError(f"the end was not published: {snapshot.problems}")
                await asyncio.sleep(POLL_SECONDS)
        finally:
            await reader.close()
