"""One run of the real worker that keeps persons, watched through its own /metrics."""

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from benchmarks.worker_run import WorkerRun

POLL_SECONDS = 0.1
DEADLINE_SECONDS = 900
TAIL = 2_000


class KeeperMoment(NamedTuple):
    """How far the shards of a worker were at a moment."""

    seconds: float
    """Of the monotonic clock."""
    offsets: dict[int, int]
    """Next message to fold, by shard."""
    resident_bytes: float
    changelog_seconds: float
    """How long it took to read the snapshots."""

    def reaches(self, ends: dict[int, int]) -> bool:
        """Whether every shard has come so far; what workers tell beyond does not matter."""
        return all(self.offsets.get(number, 0) >= end for number, end in ends.items())


class KeeperRun(WorkerRun):
    """Runs one worker; `keeper_moments` is what was seen on the way."""

    keeper_moments: list[KeeperMoment]
    began: float

    def __init__(self, bootstrap: str, redis_url: str, topic: str, application: str) -> None:
        super().__init__(bootstrap, redis_url, topic, application)
        # The embedded broker lets no other member into a group that one has left.
        self._environment["WORKER_INSTANCE"] = "keeper"

    @contextmanager
    def keeping(self, log: Path) -> Iterator[None]:
        """Run the worker within the block."""
        self.keeper_moments, self.began, self._log = [], time.monotonic(), log
        with self._worker(log) as self._process:
            yield

    def until(self, ends: dict[int, int]) -> None:
        """Wait until every shard has come so far."""
        deadline = self.began + DEADLINE_SECONDS
        while not (self.look() and self.keeper_moments[-1].reaches(ends)):
            if self._process.poll() is not None or time.monotonic() > deadline:
                tail = self._log.read_text(errors="replace")[-TAIL:]
                raise RuntimeError(f"the worker ended or stood still. Its log ends with:\n{tail}")
            time.sleep(POLL_SECONDS)

    def look(self) -> bool:
        """Ask the worker how far it is; False while it does not answer."""
        url = f"http://127.0.0.1:{self._port}/metrics"
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                now, text = time.monotonic(), answer.read().decode()
        except (urllib.error.URLError, OSError):
            return False
        offsets, resident, changelog = {}, 0.0, 0.0
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == "tidegauge_worker_shard_read_offset":
                    offsets[int(sample.labels["shard"])] = int(sample.value)
                elif sample.name == "process_resident_memory_bytes":
                    resident = sample.value
                elif sample.name == "tidegauge_worker_shard_recovery_seconds":
                    changelog = sample.value
        self.keeper_moments.append(KeeperMoment(now, offsets, resident, changelog))
        return True
