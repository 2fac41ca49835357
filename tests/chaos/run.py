"""One run: start everything, break it until the time is over, let it heal, judge it."""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field

from tests.chaos.brokers import Cluster
from tests.chaos.crew import Supervised
from tests.chaos.faults import Skipped
from tests.chaos.faults.registry import Kind
from tests.chaos.judge import Judgement, judge
from tests.chaos.line import PARTITIONS, TIME_ZONE, Line
from tests.chaos.observer import Observer
from tests.chaos.plan import plan
from tests.chaos.proxy import Proxy
from tests.chaos.recorder import Recorder
from tests.chaos.small_disk import CannotMount
from tests.chaos.traffic import Traffic
from tests.chaos.world import WORKERS, SystemRedis, World
from tests.integration.changelog_tail import ChangelogTail
from tests.integration.checks import published_ends, scrape_of_all
from tests.integration.pipeline import wait_for

log = logging.getLogger("tests.chaos")

ROUND = 8
"""Faults between two times of calm, in which all must be well again."""
CALM_SECONDS = 180
RECORDS_A_SPEED = 8
"""Event time is faster than the clock, so that panes become final and are dropped, by one for so
many records a second: repeats stay within the horizon."""
EXCUSED_SECONDS = 30
"""How long after a fault that moves `as_of` back a takeover may still meet what it left."""
MARGIN = 1.25
"""How much longer than planned a run may last before event time is ahead of the clock."""
DISK_MEGABYTES = 900


@dataclass
class Happened:
    """A fault that was seen to happen."""

    kind: str
    second: float
    seconds: float
    proof: str

    def __str__(self) -> str:
        return f"{self.second:6.0f} s  {self.kind}, {self.seconds:.0f} s: {self.proof}"


@dataclass
class Report:
    """What a run came to."""

    seed: int
    rule_off: str
    happened: list[Happened] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    judgement: Judgement = field(default_factory=Judgement)
    wrong: list[str] = field(default_factory=list)
    """What was wrong before the end."""
    fail_stops: Counter[str] = field(default_factory=Counter)

    @property
    def all_wrong(self) -> list[str]:
        """Everything that is wrong."""
        return [*self.wrong, *self.judgement.wrong]

    def line(self) -> str:
        """The one object that says it all."""
        found = self.judgement
        return json.dumps(
            {
                "faults": len(self.happened),
                "kinds": len({one.kind for one in self.happened}),
                "records": found.records,
                "windows_compared": found.windows_compared,
                "lost": found.lost,
                "double": found.double,
                "wrong": len(self.all_wrong),
            }
        )


def run(seed: int, minutes: float, rate: int, rule_off: str) -> Report:
    """Run and judge; what cannot go on is wrong, too."""
    report = Report(seed, rule_off)
    with ExitStack() as stack:
        world, observer = _start(stack, seed, minutes, rate, rule_off)
        try:
            _break(world, observer, report, minutes)
            scrapes = _let_heal(world, observer, report)
            observer.__exit__()
            world.recorder.catch_up(world.ends())
            report.wrong += world.recorder.wrong
            rows = list(world.recorder.all_rows())
            report.judgement = judge(world.line, rows, observer, scrapes)
        except Exception as error:  # what happened until then is told nevertheless
            log.exception("this run cannot go on")
            report.wrong.append(str(error)[:3000])
        report.wrong += world.wrong
        report.fail_stops = world.crew.reasons
    return report


def _start(
    stack: ExitStack, seed: int, minutes: float, rate: int, rule_off: str
) -> tuple[World, Observer]:
    try:
        cluster = stack.enter_context(Cluster(DISK_MEGABYTES))
    except CannotMount as error:
        log.info("no disk will be full, none can be mounted: %s", error)
        cluster = stack.enter_context(Cluster())
    redis = stack.enter_context(SystemRedis())
    redis_proxy = stack.enter_context(Proxy(redis.port))
    line = stack.enter_context(Line.on(cluster, redis, redis_proxy, rule_off))
    log.info("the servers answer")
    line.prepare()
    speed = max(1, rate // RECORDS_A_SPEED)
    begin_ms = round(1000 * (time.time() - minutes * 60 * speed * MARGIN))
    traffic = Traffic(
        *(line.bootstrap, line.topic, PARTITIONS),
        seed=seed,
        rate=rate,
        speed=speed,
        begin_ms=begin_ms,
        zone=TIME_ZONE,
    )
    stack.enter_context(traffic)
    crew = Supervised(line, *WORKERS)
    exporters = [line.exporter() for _ in range(2)]
    crew.settle()
    log.info("every partition has an owner")
    tail = stack.enter_context(ChangelogTail(line))
    recorder = stack.enter_context(Recorder(line))
    rng = next(plan(seed))[1]
    world = World(
        *(cluster, redis, redis_proxy, line, crew, exporters, traffic, tail, recorder, rng)
    )
    observer = stack.enter_context(Observer(exporters, line.worker_settings().folding))
    return world, observer


def _break(world: World, observer: Observer, report: Report, minutes: float) -> None:
    began = time.monotonic()
    for number, (kind, rng) in enumerate(plan(report.seed, report.rule_off), 1):
        at = time.monotonic()
        if at - began > minutes * 60:
            return
        world.rng = rng
        try:
            proof = _make(kind, world, observer)
            world.crew.tend()
        except Skipped as reason:
            report.skipped.append(f"{kind.name}: {reason}")
            log.info("skipped %s: %s", kind.name, reason)
            continue
        except Exception as error:  # the others are tried nevertheless, and all is judged
            log.exception("%s went wrong", kind.name)
            report.wrong.append(f"{kind.name}: {error!r}"[:2000])
            world.mend()
            continue
        fault = Happened(kind.name, at - began, time.monotonic() - at, proof)
        report.happened.append(fault)
        log.info("%d. %s", number, fault)
        if number % ROUND == 0:
            _look_whether_all_is_shown(world, observer, report)


def _make(kind: Kind, world: World, observer: Observer) -> str:
    """Make a fault, and note while it may move `as_of` back."""
    began = time.time()
    try:
        return kind.make(world)
    finally:
        if kind.moves_back:
            observer.excused.append((began, time.time() + EXCUSED_SECONDS))


def _look_whether_all_is_shown(world: World, observer: Observer, report: Report) -> None:
    """What is frozen for good is wrong; the faults that are left come nevertheless."""
    try:
        _wait_for_calm(world, observer)
    except AssertionError as error:
        log.info("frozen: %s", error)
        report.wrong.append(f"frozen: {error}")
        world.mend()


def _wait_for_calm(world: World, observer: Observer) -> None:
    """Without faults, everything is shown again and moves on within bounded time."""
    began = time.time()
    world.crew.wait_for(
        "both exporters show what is now", lambda: observer.as_of() > began, CALM_SECONDS
    )
    log.info("calm after %.0f s", time.time() - began)


def _let_heal(
    world: World, observer: Observer, report: Report
) -> list[dict[tuple[str, tuple[tuple[str, str], ...]], float]]:
    """Let all be folded, published and shown; returns the last scrapes, workers have stopped."""
    line, crew = world.line, world.crew
    _look_whether_all_is_shown(world, observer, report)
    _leave_it_to_one(world)
    world.traffic.finish()
    ends, told = world.ends(), world.traffic.ends()
    if ends != told:  # a producer that tries again may count wrong: the topic is what counts
        log.info("the source ends at %s, and %s records were acknowledged", ends, told)
    crew.wait_for("all is folded", lambda: crew.offsets() == ends, 300)
    wait_for("all is published", lambda: published_ends(line) == ends, 60)
    _look_whether_all_is_shown(world, observer, report)
    scrapes = [scrape_of_all(exporter) for exporter in world.exporters]
    _stop(world)
    return scrapes


def _leave_it_to_one(world: World) -> None:
    """Let all workers stop and a last one recover, who mends whatever was left behind."""
    crew = world.crew
    # Who is asked to stop while Python still begins ends by the signal.
    crew.wait_for(
        "all answer", lambda: all(one.get("healthz")[0] for one in crew.services.values()), 60
    )
    _stop(world)
    crew.services.clear()
    crew.start(WORKERS[0])
    ends = world.ends()
    crew.wait_for("one folds what all have left", lambda: world.beyond(ends), 300)


def _stop(world: World) -> None:
    codes = world.crew.stop()
    assert set(codes.values()) == {0}, f"workers ended with {codes}"
