"""All curves, and a process for each.

    python -m benchmarks.costs.registry NAME SCALE

measures one and writes it as JSON, the last line on stdout. `SCALE` 1 is the whole of it.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Callable

from benchmarks.costs.backfill import backfill
from benchmarks.costs.curve import Curve
from benchmarks.costs.freshness import freshness
from benchmarks.costs.keeping import keeping_days, keeping_label_sets, keeping_persons
from benchmarks.costs.many_workers import workers
from benchmarks.costs.scraping import scraping
from benchmarks.costs.traffic import traffic
from benchmarks.ending import end
from benchmarks.peers.environments import ROOT

CURVES: dict[str, Callable[[float], Curve]] = {
    one.__name__: one
    for one in (
        *(freshness, traffic, backfill, workers, scraping),
        *(keeping_persons, keeping_label_sets, keeping_days),
    )
}
SECONDS_MAX = 3_600
STOP_SECONDS = 60
"""So long it may take to end the servers of a curve."""


class CurveFailed(Exception):
    """A curve could not be measured; what it said of it is on stderr."""


def measure(name: str, scale: float) -> Curve:
    """Measure a curve in a process of its own, so that memory and time are its own."""
    command = [sys.executable, "-m", "benchmarks.costs.registry", name, str(scale)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)  # noqa: S603 - our own command
    try:
        told, _ = process.communicate(timeout=SECONDS_MAX)
    except subprocess.TimeoutExpired:
        raise CurveFailed(f"{name} was not done within {SECONDS_MAX} s") from None
    finally:
        end(process, STOP_SECONDS)
    if process.returncode:
        raise CurveFailed(f"{name} ended with {process.returncode}")
    return Curve.of(json.loads(told.splitlines()[-1]))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # and clean up
    print(json.dumps(CURVES[sys.argv[1]](float(sys.argv[2])).figures()))
