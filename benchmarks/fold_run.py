"""The whole benchmark: preload, read, fold, read again, compare with the truth."""

import argparse
import contextlib
import math
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from agents.brokers import Brokers
from agents.settings import WorkerSettings
from agents.topics import administration, create
from benchmarks.load import MINUTE_RECORDS, Load
from benchmarks.reading_only import records_per_second
from benchmarks.recovery_run import RecoveryRun
from benchmarks.result import Result
from benchmarks.verdict import differences
from benchmarks.worker_run import WorkerRun
from tidegauge.assembly import folding
from tidegauge.embedded import EmbeddedBroker, EmbeddedRedis
from tidegauge.settings import Settings

TOPIC = "events"
PARTITIONS = 4
PROBE_MINUTES = 5
MARGIN_SECONDS = 15
SURPLUS = 1.25
"""The probe is slower than a longer run. A topic that is still too short is folded again."""
MINUTES_MAX = 110
"""13.2 million events, some 4.5 GB in the broker's memory."""
READING_SECONDS = 8.0
STATE_MEGABYTES = (0, 32, 128)
"""States to recover; 0: the one that the run left behind."""
SHOWN_DIFFERENCES = 20


class FoldRun:
    """One run of the benchmark."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._seconds: float = options.seconds
        self._events: int | None = options.events
        self._console = Console(stderr=True)
        self._folding = folding(Settings())
        self._result = Result()

    def run(self) -> Result:
        """Start the servers, measure, and end them."""
        with EmbeddedBroker() as broker, EmbeddedRedis() as redis:
            self._bootstrap, self._redis_url = broker.bootstrap, redis.url
            with administration(Brokers(broker.bootstrap)) as admin:
                create(admin, TOPIC, PARTITIONS, 1, {})
            with tempfile.TemporaryDirectory(prefix="tidegauge-bench-") as folder:
                self._folder = Path(folder)
                self._preload()
                self._measure()
        return self._result

    def _preload(self) -> None:
        self._console.print("Simulating one minute of traffic")
        self._load = Load(PARTITIONS)
        if self._events is None:
            self._send(PROBE_MINUTES)
            rate = self._fold("probe")
            events = SURPLUS * rate * (self._seconds + MARGIN_SECONDS)
            minutes = math.ceil(events / MINUTE_RECORDS)
        else:
            minutes = math.ceil(self._events / MINUTE_RECORDS)
        self._send(min(minutes, MINUTES_MAX) - self._load.minutes)
        self._result = Result(
            events=self._load.events,
            bytes_per_event=self._load.bytes / self._load.events,
            ledger_equal=self._result.ledger_equal,
        )

    def _measure(self) -> None:
        """Read twice, fold until it was for long enough, read twice again."""
        result = self._result
        self._read_only()
        while result.worker_runs == 0 or (
            self._events is None and result.steady_seconds < self._seconds
        ):
            self._fold(f"fold-{result.worker_runs}")
        self._read_only()
        self._recover()
        result.long_enough = self._events is not None or result.steady_seconds >= self._seconds

    def _recover(self) -> None:
        """Start a worker on the state of the last run, as it is and made larger."""
        settings = WorkerSettings(
            kafka=Brokers(self._bootstrap),
            topic=TOPIC,
            folding=self._folding,
            application=f"bench-fold-{self._result.worker_runs - 1}",
        )
        run = RecoveryRun(settings, self._redis_url, self._folder)
        for megabytes in STATE_MEGABYTES:
            found = run.run(megabytes, PARTITIONS)
            self._result.recoveries.append(found)
            size = found.state_bytes / 1e6
            self._console.print(f"Recovery: {size:,.0f} MB of state in {found.seconds:.1f} s")

    def _send(self, minutes: int) -> None:
        if minutes <= 0:
            return
        with self._bar("Preloading", minutes * MINUTE_RECORDS) as advance:
            done = 0

            def sent(count: int) -> None:
                nonlocal done
                done += count
                advance(done)

            self._load.send(self._bootstrap, TOPIC, minutes, sent)

    def _read_only(self) -> None:
        for _ in range(2):
            rate = records_per_second(self._bootstrap, TOPIC, PARTITIONS, READING_SECONDS)
            self._console.print(f"Reading only: {rate:,.0f} records/s")
            self._result.reading_runs.append(rate)

    def _fold(self, application: str) -> float:
        """Run a worker over the topic as it is; return its events per second."""
        run = WorkerRun(self._bootstrap, self._redis_url, TOPIC, f"bench-{application}")
        with self._bar("Folding", self._load.events) as advance:
            log = self._folder / application
            published = run.run(self._folding, self._load.events, log, advance)
        first, last = run.steady()
        folded, seconds = last.folded - first.folded, last.seconds - first.seconds
        result = self._result
        result.worker_runs += 1
        result.folded += folded
        result.steady_seconds += seconds
        result.cpu_seconds += last.cpu_seconds - first.cpu_seconds
        self._console.print(f"Folding: {folded / seconds:,.0f} events/s for {seconds:.0f} s")
        found = list(differences(self._folding, published, self._load.ledger))
        for line in found[:SHOWN_DIFFERENCES]:
            self._console.print(line, style="red", markup=False)
        result.ledger_equal &= not found
        return folded / seconds

    @contextlib.contextmanager
    def _bar(self, what: str, total: int) -> Iterator[Callable[[int], None]]:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeRemainingColumn(), console=self._console) as progress:
            task = progress.add_task(what, total=total)
            yield lambda done: progress.update(task, completed=done)
