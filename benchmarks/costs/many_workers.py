"""What more workers bring on two processors: the rate of all, and who takes the processors."""

import contextlib
import math
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from benchmarks.costs.curve import Curve, Point
from benchmarks.costs.kept_topics import ends
from benchmarks.costs.processes import Taken
from benchmarks.costs.site import PARTITIONS, Site, site, tell, wait_until
from benchmarks.load import MINUTE_RECORDS, Load
from benchmarks.moment import ask
from tidegauge.local_service import LocalService

COUNTS = (1, 2, 4)
MINUTES, MINUTES_MIN = 40, 8
"""Of traffic in the topic: what lasts while the workers start and while they are measured."""
SECONDS, START_SECONDS, POLL_SECONDS = 20.0, 120, 0.25
NEARLY = 0.98


class Mark(NamedTuple):
    """How far all workers together are."""

    seconds: float
    offsets: Mapping[str, int]
    taken: Taken

    @property
    def folded(self) -> int:
        """Records of all partitions."""
        return sum(self.offsets.values())


def workers(scale: float) -> Curve:
    """One, two and four workers read the same backlog."""
    minutes = max(MINUTES_MIN, math.ceil(MINUTES * scale))
    with site() as at:
        load, topic = Load(PARTITIONS), at.create()
        tell(f"{at.broker.name}: sending {minutes * MINUTE_RECORDS:,} events")
        load.send(at.broker.bootstrap, topic, minutes, lambda _: None)
        end = ends(at.broker.bootstrap, topic, PARTITIONS)
        points = [_point(at, count, {str(n): at for n, at in end.items()}) for count in COUNTS]
    return Curve(
        name="workers",
        title="A backlog, by number of workers",
        x="workers",
        points=points,
        drawn=("events_per_second",),
        words=(
            f"{load.events:,} events in {PARTITIONS} partitions; measured from when every worker "
            "has partitions to when the first partition is nearly read. 100 percent is one "
            f"processor; there are two for all: broker ({at.broker.name}), Redis and workers. "
            "`others` is what else ran on the machine."
        ),
    )


def _point(at: Site, count: int, end: Mapping[str, int]) -> Point:
    tell(f"{count} workers")
    with contextlib.ExitStack() as stack:
        crew = [stack.enter_context(at.service("worker", f"workers-{count}")) for _ in range(count)]
        processes = {"broker": at.broker.pid, "redis": at.redis.pid}
        processes |= {f"worker {n}": worker.pid for n, worker in enumerate(crew)}
        wait_until(lambda: _is_shared(crew, end), "each worker has partitions", START_SECONDS)
        marks = [_mark(crew, processes)]
        while _has_more(marks, end):
            time.sleep(POLL_SECONDS)
            marks.append(_mark(crew, processes))
    return point_of(count, marks)


def point_of(count: int, marks: Sequence[Mark]) -> Point:
    """What is told of the time between the first mark and the last."""
    first, last = marks[0], marks[-1]
    seconds, folded = last.seconds - first.seconds, last.folded - first.folded
    took = {name: last.taken.by[name] - first.taken.by[name] for name in first.taken.by}
    ours = sum(took.values())
    by_workers = ours - took["broker"] - took["redis"]
    others = last.taken.machine - first.taken.machine - ours

    def percent(cpu_seconds: float) -> float:
        return round(100 * cpu_seconds / seconds, 1)

    return {
        "workers": count,
        "events_per_second": round(folded / seconds),
        "events_per_worker_cpu_second": round(folded / by_workers),
        "workers_cpu_percent": percent(by_workers),
        "broker_cpu_percent": percent(took["broker"]),
        "redis_cpu_percent": percent(took["redis"]),
        "others_cpu_percent": percent(others),
        "seconds": round(seconds, 1),
    }


def _offsets(worker: LocalService) -> Mapping[str, int]:
    worker.check()
    moment = ask(worker.port)
    return moment.offsets if moment else {}


def _is_shared(crew: Sequence[LocalService], end: Mapping[str, int]) -> bool:
    """Whether everybody has partitions, and every one is somebody's."""
    shares = [_offsets(worker) for worker in crew]
    return all(shares) and sorted(n for share in shares for n in share) == sorted(end)


def _mark(crew: Sequence[LocalService], processes: Mapping[str, int]) -> Mark:
    offsets = {n: offset for worker in crew for n, offset in _offsets(worker).items()}
    return Mark(time.monotonic(), offsets, Taken.now(processes))


def _has_more(marks: Sequence[Mark], end: Mapping[str, int]) -> bool:
    last = marks[-1]
    if any(offset >= NEARLY * end[n] for n, offset in last.offsets.items()):
        if len(marks) == 1:
            raise RuntimeError("the topic was read before all workers had begun; make it longer")
        return False
    return last.seconds < marks[0].seconds + SECONDS
