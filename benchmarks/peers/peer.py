"""One run of a peer: its process, told what to do, watched until its result is there."""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.ending import end
from benchmarks.peers.environments import ROOT, classpath_of_kafka_streams, python_of
from benchmarks.peers.marks import Order

DURABLE, FLEETING = "durable", "fleeting"
BEGIN_SHARE = 0.15
"""What comes before is start-up."""
POLL_SECONDS = 0.2
PEER_SECONDS_MAX = 300
STOP_SECONDS = 10
JAVA_OPTIONS = ("-Xms256m", "-Xmx1g", "-XX:+UseSerialGC")


class PeerFailed(Exception):
    """A peer ended or stood still before its result was there; the message has its last words."""


class Outcome(NamedTuple):
    """What a run came to."""

    records_per_second: float
    records_per_cpu_second: float
    seconds: float
    """Measured."""
    peak_megabytes: float
    counts: Mapping[str, int]


class Peer(NamedTuple):
    """Another stream processor."""

    name: str
    command: Callable[[], list[str]]
    records: int
    """As many as last for ten seconds or more."""
    can_be_fleeting: bool = True
    """Whether it can do without durability."""


def _python(name: str, module: str, *before: str) -> Callable[[], list[str]]:
    return lambda: [str(python_of(name)), "-m", *before, f"benchmarks.peers.{module}"]


def _faust() -> list[str]:
    module = "benchmarks.peers.faust_windowed"
    options = ["worker", "--without-web", "--loglevel", "warn"]
    return [str(python_of("faust_windowed")), "-m", "faust", "-A", module, *options]


def _kafka_streams() -> list[str]:
    return ["java", *JAVA_OPTIONS, "-cp", classpath_of_kafka_streams(), "tidegauge.peers.Job"]


PEERS = (
    Peer("faust_windowed", _faust, 40_000, can_be_fleeting=False),
    Peer("quixstreams", _python("quix_streams", "quix_streams"), 160_000),
    Peer("bytewax", _python("bytewax_flow", "bytewax_flow"), 400_000),
    Peer("kafka_streams", _kafka_streams, 1_200_000),
)


def run(
    peer: Peer, bootstrap: str, topic: str, partitions: int, records: int, variant: str
) -> Outcome:
    """Let a peer do the job on a topic of so many records."""
    with tempfile.TemporaryDirectory(prefix="tidegauge-peer-") as name:
        folder = Path(name)
        state, log = folder / "state", folder / "log"
        state.mkdir()
        result = folder / "result.json"
        order = Order(folder.name, bootstrap, topic, partitions, records, variant, result, state)
        environment = os.environ | order.environment() | {"PYTHONPATH": str(ROOT)}
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - our own command
                peer.command(), env=environment, cwd=folder, stdout=output, stderr=output
            )
        try:
            _wait(process, result, log)
            return outcome_of(json.loads(result.read_text(encoding="utf-8")))
        finally:
            end(process, STOP_SECONDS)


def outcome_of(result: Mapping[str, Any]) -> Outcome:
    """The rates between the first mark that is well inside and the last one."""
    marks = result["marks"]
    last = marks[-1]
    first = next(mark for mark in marks if mark[0] >= BEGIN_SHARE * last[0])
    records, seconds, cpu_seconds = (end - begin for end, begin in zip(last, first, strict=True))
    if not records or not seconds:
        raise PeerFailed("it was done too soon to be measured; give it more records")
    return Outcome(
        records / seconds,
        records / cpu_seconds,
        seconds,
        result["peak_megabytes"],
        result["counts"],
    )


def _wait(process: subprocess.Popen[bytes], result: Path, log: Path) -> None:
    deadline = time.monotonic() + PEER_SECONDS_MAX
    while not result.exists():
        ended = process.poll() is not None and not result.exists()
        if ended or time.monotonic() > deadline:
            what = f"it ended with {process.returncode}" if ended else "it was not done in time"
            raise PeerFailed(
                f"{what}. Its log ends with:\n{log.read_text(errors='replace')[-3_000:]}"
            )
        time.sleep(POLL_SECONDS)
