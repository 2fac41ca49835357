"""The whole comparison: one broker, the topics, and everybody in turn, for several rounds."""

import argparse
import contextlib
import math
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console

from agents.brokers import Brokers
from agents.topics import administration, create
from benchmarks.load import MINUTE_RECORDS
from benchmarks.peers.broker import Broker, broker
from benchmarks.peers.ceilings import librdkafka_per_second
from benchmarks.peers.environments import Unavailable
from benchmarks.peers.figures import (
    AIOKAFKA,
    CATALOGUE,
    CEILINGS,
    OURS,
    different,
    ratios,
    spread,
)
from benchmarks.peers.machine import machine
from benchmarks.peers.ours import JobRun
from benchmarks.peers.peer import DURABLE, FLEETING, PEERS, Outcome, Peer, PeerFailed, run
from benchmarks.peers.recount import Recount, Truth
from benchmarks.peers.topic import Market
from benchmarks.reading_only import records_per_second
from benchmarks.verdict import differences
from benchmarks.worker_run import WorkerRun
from tidegauge.assembly import folding
from tidegauge.embedded import EmbeddedRedis
from tidegauge.settings import Settings

PARTITIONS = 4
READING_SECONDS = 5.0
SHOWN_DIFFERENCES = 10
KEPT = {"retention.ms": "-1"}
"""Said because Quix Streams asks for it, and the embedded broker knows no defaults."""


class Comparison:
    """Measures all who are asked for; `figures` is what came of it."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._console = Console(stderr=True)
        self._rounds: int = options.rounds
        self._scale: float = options.scale
        self._peers = [peer for peer in PEERS if peer.name in options.only]
        self._minute_records = math.ceil(MINUTE_RECORDS * options.scale)
        self._events: int = self._minute_records * options.minutes
        self._others: bool = options.variants
        self._rates: list[dict[str, float]] = []
        self._details: dict[str, list[Outcome]] = {}
        self._settling_seconds: list[float] = []
        self._missing: dict[str, str] = {}
        self._results_equal = True

    def run(self) -> dict[str, Any]:
        """Start the servers, measure everybody in every round, end the servers."""
        self._prepare()
        with broker() as at, EmbeddedRedis() as redis, _folder() as folder:
            self._console.print(f"{at.name}: {self._events:,} records, fewer for the slower")
            self._at, self._redis_url, self._folder = at, redis.url, folder
            self._fill()
            for number in range(self._rounds):
                self._rates.append(self._round(number))
            fleeting = self._without_durability() if self._others else {}
            return self._figures(at, fleeting)

    def _prepare(self) -> None:
        """Make the environments, and the records and what they come to, before all else."""
        for peer in list(self._peers):
            with self._console.status(f"Looking for what {peer.name} needs"):
                try:
                    peer.command()
                except Unavailable as why:
                    self._leave_out(peer.name, why)
        with self._console.status("Counting once more what must come out"):
            self._market = Market(PARTITIONS, minute_records=self._minute_records)
            sizes = sorted({self._size(peer) for peer in self._peers} | {self._events})
            records = self._market.records(self._events)
            self._truths: Mapping[int, Truth] = dict(Recount().truths(records, sizes))

    def _leave_out(self, name: str, why: Exception) -> None:
        self._missing[name] = str(why)
        self._peers = [peer for peer in self._peers if peer.name != name]
        self._console.print(f"{name} is left out: {why}", style="red", markup=False)

    def _size(self, peer: Peer) -> int:
        return min(self._events, math.ceil(peer.records * self._scale))

    def _fill(self) -> None:
        with administration(Brokers(self._at.bootstrap)) as admin:
            for size in self._truths:
                create(admin, _topic(size), PARTITIONS, 1, KEPT)
        for size in self._truths:
            with self._console.status(f"Sending {size:,} records"):
                if size == self._events:
                    minutes = size // self._minute_records
                    self._market.send(self._at.bootstrap, _topic(size), minutes, lambda _: None)
                else:
                    self._market.fill(self._at.bootstrap, _topic(size), size)

    def _round(self, number: int) -> dict[str, float]:
        """Let everybody have a turn; what each does a second."""
        self._console.print(f"Round {number + 1} of {self._rounds}")
        turns: dict[str, Callable[[], float]] = {
            OURS: partial(self._ours, number),
            **{peer.name: partial(self._peer, peer, DURABLE) for peer in self._peers},
            **{name: partial(self._reading, name) for name in CEILINGS},
            CATALOGUE: partial(self._catalogue, number),
        }
        rates: dict[str, float] = {}
        for name, turn in turns.items():
            try:
                rates[name] = self._measured(name, turn)
            except PeerFailed as why:
                self._leave_out(name, why)
        return rates

    def _measured(self, name: str, turn: Callable[[], float]) -> float:
        with self._console.status(name):
            rate = turn()
        self._console.print(f"  {name:26} {rate:>11,.0f} records/s")
        return rate

    def _ours(self, number: int) -> float:
        job = JobRun(
            self._at.bootstrap,
            self._redis_url,
            _topic(self._events),
            number,
            idempotent=self._at.is_real,
        )
        outcome = job.outcome(
            self._truths[self._events].once, self._events, self._folder / f"job-{number}"
        )
        self._judge(OURS, different(outcome.counts, job.truth))
        self._keep(OURS, outcome)
        self._settling_seconds.append(round(job.settling_seconds, 1))
        return outcome.records_per_second

    def _peer(self, peer: Peer, variant: str) -> float:
        size = self._size(peer)
        do = partial(run, peer, self._at.bootstrap, _topic(size), PARTITIONS, size, variant)
        try:
            outcome = do()
        except PeerFailed as why:
            self._console.print(f"{peer.name} is tried once more: {why}", markup=False)
            outcome = do()
        self._judge(peer.name, different(outcome.counts, self._truths[size].with_duplicates))
        if variant == DURABLE:
            self._keep(peer.name, outcome)
        return outcome.records_per_second

    def _keep(self, name: str, outcome: Outcome) -> None:
        self._details.setdefault(name, []).append(outcome)
        cpu = outcome.records_per_cpu_second
        self._console.print(f"  {name:26} {cpu:>11,.0f} records a CPU second")

    def _reading(self, name: str) -> float:
        read = records_per_second if name == AIOKAFKA else librdkafka_per_second
        return read(self._at.bootstrap, _topic(self._events), PARTITIONS, READING_SECONDS)

    def _catalogue(self, number: int) -> float:
        fold = folding(Settings())
        worker = WorkerRun(
            self._at.bootstrap,
            self._redis_url,
            _topic(self._events),
            f"catalogue-{number}",
            idempotent=self._at.is_real,
        )
        log = self._folder / f"catalogue-{number}"
        published = worker.run(fold, self._events, log, lambda _: None)
        self._judge(CATALOGUE, differences(fold, published, self._market.ledger))
        first, last = worker.steady()
        return (last.folded - first.folded) / (last.seconds - first.seconds)

    def _judge(self, name: str, found: Iterator[str]) -> None:
        lines = list(found)
        self._results_equal &= not lines
        for line in lines[:SHOWN_DIFFERENCES]:
            self._console.print(f"{name}: {line}", style="red", markup=False)

    def _without_durability(self) -> dict[str, float]:
        """Once more those that can be run without, by name."""
        return {
            peer.name: round(self._measured(f"{peer.name}, {FLEETING}", turn))
            for peer in self._peers
            if peer.can_be_fleeting
            for turn in [partial(self._peer, peer, FLEETING)]
        }

    def _figures(self, at: Broker, fleeting: Mapping[str, float]) -> dict[str, Any]:
        found = spread([ratios(rates) for rates in self._rates])
        return {
            "ratios": {name: one["median"] for name, one in found.items()},
            "results_equal": self._results_equal,
            "spread_of_ratios": found,
            "records_per_second": spread(self._rates),
            "without_durability": dict(fleeting),
            "of_the_processes": {
                name: _details(outcomes) for name, outcomes in self._details.items()
            },
            "settling_seconds": self._settling_seconds,
            "records": {OURS: self._events} | {peer.name: self._size(peer) for peer in self._peers},
            "left_out": self._missing,
            "rounds": self._rounds,
            "broker": at.name,
            "machine": machine(),
        }


def _details(outcomes: Sequence[Outcome]) -> dict[str, float]:
    return {
        "records_per_cpu_second": round(median(one.records_per_cpu_second for one in outcomes)),
        "seconds": round(median(one.seconds for one in outcomes), 1),
        "peak_megabytes": max(one.peak_megabytes for one in outcomes),
    }


def _topic(size: int) -> str:
    return f"events-{size}"


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tidegauge-peers-") as name:
        yield Path(name)
