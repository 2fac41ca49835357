"""How old a number is when it can be seen: from event time to the gauge in /metrics, over load.

A probe is a page view of a page nobody else views, with its Kafka timestamp and event time at the
moment it is sent, five a second in turn to all partitions. It is seen when an answer of the
exporter has come whose gauge of the last hour counts it. The exporter is asked again a moment after
each answer; what that adds is counted, what Prometheus adds by its interval is not.
"""

import json
import math
import time

from benchmarks.costs.backlog import read_backlog
from benchmarks.costs.curve import Bound, Curve, Point
from benchmarks.costs.delays import percentile
from benchmarks.costs.kept_topics import ends
from benchmarks.costs.live import live
from benchmarks.costs.probes import Probes
from benchmarks.costs.site import PARTITIONS, TOPIC, Site, site, tell, wait_until
from benchmarks.moment import ask
from tidegauge.local_service import LocalService
from tidegauge.scrape import scrape

PERCENTS = (10, 50, 90)
BACKLOG_MINUTES = 16
SECONDS, LEAD_SECONDS, SPARE_SECONDS = 120, 10, 5
"""Of probes; of load before them, and after."""
LOOK_SECONDS = 0.05
PATIENCE_SECONDS, START_SECONDS = 60, 60
MOST_SECONDS = 2.0


def freshness(scale: float) -> Curve:
    """Measure what a worker can do, then how fresh its numbers are at parts of that."""
    with site() as at:
        most = read_backlog(at, "most", max(2, math.ceil(BACKLOG_MINUTES * scale)))
        at.create()
        with (
            at.service("worker", "freshness") as worker,
            at.service("exporter", "freshness") as exporter,
        ):
            run = Run(at, worker, exporter, SECONDS * scale)
            points = [run.point(part, most.events_per_second) for part in PERCENTS]
    return Curve(
        name="freshness",
        title="From event to gauge, by load",
        x="load_percent",
        points=points,
        drawn=("p50_seconds", "p99_seconds"),
        bounds=(Bound("p99_seconds", most=MOST_SECONDS, at=50),),
        words=(
            f"100 percent is what one worker reads of a backlog: {most.events_per_second:,.0f} "
            f"events a second just before. Broker ({at.broker.name}), Redis, worker, exporter and "
            "who sends share two processors. From the event time of a probe, which is when it is "
            "sent, to the answer of the exporter that shows it; the exporter is asked "
            f"{LOOK_SECONDS * 1_000:.0f} ms after each answer, which comes within `scrape seconds` "
            "(median): so exact a delay is. Prometheus adds up to its scrape interval."
        ),
    )


class Run:
    """One worker and one exporter under rising load."""

    def __init__(
        self, at: Site, worker: LocalService, exporter: LocalService, seconds: float
    ) -> None:
        self._at, self._worker, self._exporter, self._seconds = at, worker, exporter, seconds
        self._url = f"http://127.0.0.1:{exporter.port}/metrics"

    def point(self, percent: int, most: float) -> Point:
        """The delays at a part of the most."""
        at, rate = self._at, round(most * percent / 100)
        tell(f"{percent} % of the load: {rate:,} events a second for {self._seconds:g} s")
        probes = Probes(at.broker.bootstrap, TOPIC, PARTITIONS, str(percent))
        lasts = LEAD_SECONDS + self._seconds + SPARE_SECONDS
        before = scrape(self._url).sum("read_offset")
        with live(at.broker.bootstrap, TOPIC, PARTITIONS, rate, lasts) as loader:
            wait_until(lambda: self._reads_on(before), "the load is counted", START_SECONDS)
            time.sleep(LEAD_SECONDS)
            looks = self._watch(probes)
            self._wait_for_the_rest(probes, SPARE_SECONDS)  # while the load goes on
            lag = self._lag()
            told = json.loads(loader.communicate()[0])
        self._wait_for_the_rest(probes, PATIENCE_SECONDS)
        delays = probes.delays.with_unseen(time.time())
        return {
            "load_percent": percent,
            "events_per_second": rate,
            "p50_seconds": round(percentile(delays, 50), 3),
            "p99_seconds": round(percentile(delays, 99), 3),
            "longest_seconds": round(max(delays), 3),
            "scrape_seconds": round(percentile(looks, 50), 3),
            "probes": len(delays),
            "probes_never_seen": probes.delays.unseen,
            "lag_records": lag,
            "sent_late_seconds": told["behind_seconds"],
        }

    def _reads_on(self, before: float) -> bool:
        self._check()
        return scrape(self._url).sum("read_offset") > before

    def _check(self) -> None:
        self._worker.check()
        self._exporter.check()

    def _watch(self, probes: Probes) -> list[float]:
        """Send and look; how long each look took."""
        looks, over = [], time.monotonic() + self._seconds
        with probes:
            while (now := time.monotonic()) < over:
                self._check()
                probes.look(self._url)
                looks.append(time.monotonic() - now)
                time.sleep(LOOK_SECONDS)
        return looks

    def _lag(self) -> int:
        """Records in the topic that the worker has not folded."""
        moment = ask(self._worker.port)
        read = moment.folded if moment else 0
        return sum(ends(self._at.broker.bootstrap, TOPIC, PARTITIONS).values()) - read

    def _wait_for_the_rest(self, probes: Probes, seconds: float) -> None:
        over = time.monotonic() + seconds
        while probes.delays.unseen and time.monotonic() < over:
            probes.look(self._url)
            time.sleep(LOOK_SECONDS)
