"""How fast a long backlog is read, and what memory that takes, from its beginning to its end."""

import itertools
import math
from collections.abc import Sequence

from benchmarks.bounds_point import MEGABYTE
from benchmarks.costs.backlog import read_backlog
from benchmarks.costs.curve import Curve, Point
from benchmarks.costs.site import PARTITIONS, site
from benchmarks.load import MINUTE_RECORDS
from benchmarks.moment import Moment

EVENTS = 10_000_000
POINTS = 20


def backfill(scale: float) -> Curve:
    """One worker reads ten million events that are there already; what it counts is checked."""
    minutes = math.ceil(EVENTS * scale / MINUTE_RECORDS)
    with site() as at:
        load, worker = read_backlog(at, "backfill", minutes)
    return Curve(
        name="backfill",
        title="A backlog, read by one worker",
        x="read_millions",
        points=points_of(worker.moments),
        drawn=("events_per_second",),
        words=(
            f"{load.events:,} events of {load.bytes / load.events:.0f} bytes in {PARTITIONS} "
            f"partitions, {minutes} minutes of event time, the whole default catalogue; broker: "
            f"{at.broker.name}, on the same machine. What was counted was compared with the truth "
            "and was right."
        ),
    )


def points_of(moments: Sequence[Moment]) -> list[Point]:
    """Rate and memory of stretches that took equally long, from the first record on."""
    folding_ones = [moment for moment in moments if moment.folded]
    step = max(1, math.ceil(len(folding_ones) / POINTS))
    ends = [*folding_ones[:-1:step], *folding_ones[-1:]]
    return [
        {
            "read_millions": round(last.folded / 1e6, 3),
            "events_per_second": round(
                (last.folded - first.folded) / (last.seconds - first.seconds)
            ),
            "events_per_cpu_second": round(
                (last.folded - first.folded) / max(last.cpu_seconds - first.cpu_seconds, 0.01)
            ),
            "worker_megabytes": round(last.resident_bytes / MEGABYTE),
        }
        for first, last in itertools.pairwise(ends)
    ]
