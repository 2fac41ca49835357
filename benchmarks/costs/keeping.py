"""What a worker holds and how long it takes to begin again, against what is kept."""

import asyncio
from collections.abc import Sequence

from agents.brokers import Brokers
from agents.changelog import read_rows
from agents.settings import WorkerSettings
from benchmarks.bounds_point import MEGABYTE
from benchmarks.costs.curve import Bound, Curve, Point
from benchmarks.costs.shop import of_hours, open_to, views
from benchmarks.costs.site import Site, site, tell
from benchmarks.persons_run import PersonsRun
from benchmarks.sending import Sending
from benchmarks.worker_run import WorkerRun
from exporters.snapshot_store import wall_clock
from tidegauge.assembly import folding, load_checked

PERSONS, HABIT_DAYS = (100_000, 300_000, 1_000_000), 30
BOUND_PERSONS, RECOVERY_SECONDS, WORKER_MEGABYTES = 1_000_000, 30, 200
LABEL_SETS, WEEK = (100, 1_000, 3_000, 10_000), 7
DAYS, SOME = (1, 7, 35, 100, 400), 200
"""Hours are kept for 35 days, days for 400; label sets in each pane."""
STATE = (
    "One worker with one partition: {what}. Its state was counted by a worker that read it from "
    "the topic, and is read by the next one; memory is resident, when that has just been done."
)


def keeping_persons(scale: float) -> Curve:
    """A month of a crowd, as in `make bench-persons`, of several sizes."""
    at = int(BOUND_PERSONS * scale)
    return Curve(
        name="keeping_persons",
        title="A worker that keeps persons",
        x="persons",
        points=[_crowd(int(persons * scale)) for persons in PERSONS],
        drawn=("worker_megabytes", "peak_megabytes"),
        bounds=(
            Bound("recovery_seconds", RECOVERY_SECONDS, at=at),
            Bound("worker_megabytes", WORKER_MEGABYTES, at=at),
        ),
        words=(
            f"{HABIT_DAYS} days of persons with habits, all shards on one worker, embedded broker. "
            "Recovery is from the start of the process to the end of the facts, some 10 s of which "
            "are the broker's; memory is resident, when what is free has been given back, and at "
            "its peak."
        ),
    )


def _crowd(persons: int) -> Point:
    tell(f"{persons:,} persons")
    found = PersonsRun(persons, HABIT_DAYS).run()
    if not found["crowd_equal"]:
        raise RuntimeError("what stands in Redis is not the crowd")
    return {
        "persons": persons,
        "worker_megabytes": found["megabytes_per_worker"],
        "peak_megabytes": found["peak_megabytes"],
        "recovery_seconds": found["recovery_seconds"],
        "snapshot_megabytes": found["snapshot_megabytes"],
    }


def keeping_label_sets(scale: float) -> Curve:
    """Ever more label sets of one metric, in every hour of a week."""
    return Curve(
        name="keeping_label_sets",
        title="A worker that keeps label sets",
        x="label_sets",
        points=_states("label_sets", [(WEEK, int(sets * scale)) for sets in LABEL_SETS]),
        drawn=("worker_megabytes", "state_megabytes"),
        words=STATE.format(what=f"so many label sets in each minute, hour and day of {WEEK} days"),
    )


def keeping_days(scale: float) -> Curve:
    """Ever more days of panes."""
    return Curve(
        name="keeping_days",
        title="A worker that keeps days",
        x="days",
        points=_states("days", [(days, int(SOME * scale)) for days in DAYS]),
        drawn=("worker_megabytes", "state_megabytes"),
        words=STATE.format(what=f"{SOME} label sets in each minute, hour and day that is kept"),
    )


def _states(x: str, sizes: Sequence[tuple[int, int]]) -> list[Point]:
    with site() as at:
        return [_state(at, x, days, label_sets) for days, label_sets in sizes]


def _state(at: Site, x: str, days: int, label_sets: int) -> Point:
    """Let a worker count, and begin again where it ended."""
    tell(f"{days} days with {label_sets:,} label sets")
    topic = at.create(f"shop-{days}-{label_sets}", partitions=1)
    configuration = open_to(at.folder, label_sets)
    fold = folding(load_checked(str(configuration), {}))
    times = of_hours(wall_clock(), days)
    sending = Sending(at.broker.bootstrap, topic)
    for view in views(label_sets, times):
        sending.send(0, view.timestamp, view.value)
    sending.finish()
    worker = WorkerRun(
        *(at.broker.bootstrap, at.redis.url, topic, topic),
        idempotent=at.broker.is_real,
        options=("--config", str(configuration)),
    )
    worker.run(fold, label_sets * len(times), at.folder / "log", lambda _: None)
    again = worker.recovered(at.folder / "log")
    rows = _rows(WorkerSettings(Brokers(at.broker.bootstrap), topic, fold, topic))
    return {
        x: {"days": days, "label_sets": label_sets}[x],
        "rows": len(rows),
        "state_megabytes": round(sum(map(len, rows)) / MEGABYTE, 2),
        "worker_megabytes": round(again.resident_bytes / MEGABYTE, 1),
        "recovery_seconds": round(again.recovery_seconds, 2),
    }


def _rows(settings: WorkerSettings) -> list[bytes]:
    """The rows of the only partition's state."""
    return [row.raw for row in asyncio.run(read_rows(settings, [0]))[0].held.values()]
