"""What is written to Kafka and to Redis, for a million events and for a checkpoint."""

import math
import time
from collections.abc import Mapping
from contextlib import closing

from redis import Redis

from agents.brokers import Brokers
from agents.settings import WorkerSettings
from benchmarks.costs.curve import Curve, Point
from benchmarks.costs.kept_topics import Written, ends, written
from benchmarks.costs.live import live
from benchmarks.costs.site import PARTITIONS, Site, site, tell, wait_until
from benchmarks.load import MINUTE_RECORDS, Load
from benchmarks.moment import ask
from tidegauge.assembly import folding
from tidegauge.local_service import LocalService
from tidegauge.scrape import scrape
from tidegauge.settings import Settings

PER_SECOND, SECONDS = 1_000, 300
BACKLOG_MINUTES = 16
READ_SECONDS, SETTLE_SECONDS, STOP_SECONDS = 600, 3, 120
"""Until all is folded; until it is published, too; until who sends has ended."""
KILOBYTE = 1e3
EVENTS, CHANGELOG = "events", "units_changelog"


def traffic(scale: float) -> Curve:
    """A steady rate, and a backlog as fast as it can be read."""
    with site() as at:
        points = [
            _point(at, "steady", SECONDS * scale, 0),
            _point(at, "backlog", 0, max(2, math.ceil(BACKLOG_MINUTES * scale))),
        ]
    return Curve(
        name="traffic",
        title="Written to Kafka and Redis",
        x="events_per_second",
        points=points,
        drawn=("units_changelog_bytes_per_event", "redis_bytes_per_event"),
        words=(
            f"First {PER_SECOND:,} events a second for {SECONDS * scale:g} s, then a backlog as "
            "fast as one worker reads it, each from the beginning of a state; "
            f"{PARTITIONS} partitions, {at.broker.name}. Bytes for an event are megabytes for a "
            "million. Keys, values and headers as they are sent to Kafka, once for each replica; "
            "all that Redis receives of a worker. A unit is written whole when something of it "
            "changed, so the changelog of units costs by the second and not by the event. A shard "
            "of persons writes a snapshot when 250,000 facts or as many as it has persons have "
            "come: a run with fewer has none."
        ),
    )


def _point(at: Site, name: str, seconds: float, minutes: int) -> Point:
    """Let a worker fold a steady load of so many seconds, or a backlog of so many minutes."""
    bootstrap, topic = at.broker.bootstrap, at.create(f"{name}-events")
    if minutes:
        tell(f"backlog: sending {minutes * MINUTE_RECORDS:,} events")
        Load(PARTITIONS).send(bootstrap, topic, minutes, lambda _: None)
    before = _received(at)
    with at.service("worker", name, topic) as worker:
        wait_until(lambda: _folded(worker) is not None, "there are partitions", READ_SECONDS)
        began = time.monotonic()
        if seconds:
            tell(f"steady: {PER_SECOND:,} events a second for {seconds:g} s")
            with live(bootstrap, topic, PARTITIONS, PER_SECOND, seconds) as loader:
                loader.communicate(timeout=seconds + STOP_SECONDS)
        total = sum(ends(bootstrap, topic, PARTITIONS).values())
        wait_until(lambda: _folded(worker) == total, "all is folded", READ_SECONDS)
        took = time.monotonic() - began
        time.sleep(SETTLE_SECONDS)
        checkpoints = scrape(f"http://127.0.0.1:{worker.port}/metrics").get(
            "worker_checkpoints_total"
        )
    by_topic = {
        what: written(bootstrap, one, PARTITIONS)
        for what, one in _topics(bootstrap, name, topic).items()
    }
    rate = PER_SECOND if seconds else round(total / took)
    return point_of(rate, by_topic, _received(at) - before, checkpoints or 0)


def point_of(
    rate: float, by_topic: Mapping[str, Written], redis_bytes: float, checkpoints: float
) -> Point:
    """What an event and a checkpoint cost."""
    events = by_topic[EVENTS].records
    changelog = by_topic[CHANGELOG]
    return {
        "events_per_second": rate,
        "events": events,
        **{
            f"{what}_bytes_per_event": round(found.bytes / events, 2)
            for what, found in by_topic.items()
        },
        "redis_bytes_per_event": round(redis_bytes / events, 2),
        "checkpoints": checkpoints,
        "kilobytes_per_checkpoint": round(changelog.bytes / KILOBYTE / max(checkpoints, 1), 1),
        "rows_per_checkpoint": round(changelog.records / max(checkpoints, 1), 1),
    }


def _topics(bootstrap: str, application: str, topic: str) -> dict[str, str]:
    settings = WorkerSettings(Brokers(bootstrap), topic, folding(Settings()), application)
    return {
        EVENTS: topic,
        CHANGELOG: settings.changelog_topic,
        "facts": settings.facts_topic,
        "persons_changelog": settings.of_persons().changelog_topic,
        "dead_letters": settings.dead_letter_topic,
    }


def _folded(worker: LocalService) -> int | None:
    """Records folded so far; None before the worker has partitions."""
    worker.check()
    moment = ask(worker.port)
    return moment.folded if moment and moment.offsets else None


def _received(at: Site) -> int:
    """Bytes that Redis has been sent."""
    with closing(Redis.from_url(at.redis.url)) as client:
        return int(client.info("stats")["total_net_input_bytes"])
