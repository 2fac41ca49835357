"""Workers killed 100 times in one run under load: nothing is lost, nothing is counted twice.

One JSON object is printed at the end; with the environment variable REPORT it is written there too.
"""

from __future__ import annotations

import json
import logging
import os
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from tests.integration.changelog_tail import ChangelogTail
from tests.integration.checks import Comparison, check_dead_letters, published_ends
from tests.integration.crew import Crew
from tests.integration.faults import KILLED
from tests.integration.load import TIME_ZONE, Load
from tests.integration.pipeline import Pipeline, Service
from tests.integration.truth import published, stored
from tests.kafka_server import RealKafka
from tidegauge.embedded import EmbeddedRedis

log = logging.getLogger(__name__)

KILLS = 100
SECONDS = 3_600
RATE = 4_000
SEED = 5
SETTINGS = {"REPORTING_TIMEZONE": TIME_ZONE}
BACKLOG_MAX = 10 * RATE
MOMENTS = ("any moment", "while it catches up", "inside a checkpoint")


@dataclass
class Death:
    """A kill that counts: there were records left to fold."""

    moment: str
    owned: int
    """Partitions."""
    left: int
    """Records sent before, of its partitions, that no manifest covered."""
    lost_with_it: int
    """At least so many of them it had folded: they are folded again by whoever comes next."""
    torn: bool
    """A checkpoint was half written."""


@dataclass
class Executioner:
    """Kills workers at moments of three kinds, in turn."""

    crew: Crew
    load: Load
    tail: ChangelogTail
    rng: random.Random
    deaths: list[Death] = field(default_factory=list)
    idle: int = 0
    """Kills that do not count: nothing was left to fold."""

    def kill(self) -> None:
        """Kill someone and start them again."""
        moment = MOMENTS[len(self.deaths) % len(MOMENTS)]
        name = self._choose(moment)
        self.crew.wait_for("it owns something", lambda: self.crew.shares()[name])
        victim = self.crew.services[name]
        self._wait_for(moment, victim)
        owned, ends = victim.read_offsets(), self.load.ends()
        assert victim.kill() == KILLED
        del self.crew.services[name]
        self.crew.tend()
        self.tail.catch_up()
        death = self._examine(moment, owned, ends)
        log.info("killed %s with %s: %s", name, owned, death)
        if death.left > 0:
            self.deaths.append(death)
        else:
            self.idle += 1
        self.crew.start(name)

    def _choose(self, moment: str) -> str:
        """Whom to kill: who was just killed, if it is to be catching up, or anyone."""
        if moment == "while it catches up":
            return list(self.crew.services)[-1]
        self.crew.wait_for("the crew keeps up", self._keeps_up)
        return self.rng.choice(sorted(self.crew.services))

    def _keeps_up(self) -> bool:
        """Whether workers have lived long enough, lately, to make what they folded safe."""
        ends = self.load.ends()
        return self.tail.unsafe(ends, ends) < BACKLOG_MAX

    def _wait_for(self, moment: str, victim: Service) -> None:
        if moment == "any moment":
            time.sleep(self.rng.uniform(0, 2))
        elif moment == "inside a checkpoint":
            time.sleep(self.rng.uniform(0, 0.5))
            self.tail.wait_for_half_a_checkpoint(victim.read_offsets(), 3)
            time.sleep(self.rng.choice((0, 0, 0.002, 0.005)))

    def _examine(self, moment: str, owned: dict[int, int], ends: dict[int, int]) -> Death:
        safe = self.tail.safe
        return Death(
            moment=moment,
            owned=len(owned),
            left=self.tail.unsafe(owned, ends),
            lost_with_it=sum(max(0, offset - safe[n]) for n, offset in owned.items()),
            torn=any(self.tail.torn[n] for n in owned),
        )


@pytest.mark.long
@pytest.mark.alone
@pytest.mark.kafka
@pytest.mark.timeout(SECONDS)
def test_a_hundred_kills_under_load_lose_nothing_and_count_nothing_twice(
    real_kafka: RealKafka, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    began = time.monotonic()
    with (
        EmbeddedRedis() as redis,
        Pipeline(
            real_kafka.bootstrap, redis.url, tmp_path, idempotent=True, settings=SETTINGS
        ) as line,
    ):
        line.create_topic()
        crew = Crew(line, "a", "b")
        with Load(line, per_second=RATE, hours_ago=30, seconds=SECONDS) as load:
            crew.settle()
            with ChangelogTail(line) as tail:
                executioner = Executioner(crew, load, tail, random.Random(SEED))
                while len(executioner.deaths) < KILLS:
                    executioner.kill()
        ledger = load.ledger
        crew.wait_for("all is folded", lambda: crew.offsets() == ledger.ends())
        crew.wait_for("all is published", lambda: published_ends(line) == ledger.ends(), 20)
        assert set(crew.stop().values()) == {0}
        in_changelog, in_redis = Comparison(), Comparison()
        in_changelog.compare(stored(line), ledger)
        in_redis.compare(published(line), ledger)
        check_dead_letters(line, ledger)
        found = _report(executioner, line, in_changelog)
        found |= {"records": ledger.total(), "seconds": round(time.monotonic() - began)}
    text = json.dumps(found)
    record_property("printed", text)
    if report := os.environ.get("REPORT"):
        Path(report).write_text(text + "\n", encoding="utf-8")
    for comparison in (in_changelog, in_redis):
        assert comparison.panes > 100
        assert (comparison.lost, comparison.double, comparison.other_sketches) == (0, 0, 0)


def _report(executioner: Executioner, line: Pipeline, comparison: Comparison) -> dict[str, Any]:
    deaths = executioner.deaths
    return {
        "kills": len(deaths),
        "kills_by_moment": {m: sum(d.moment == m for d in deaths) for m in MOMENTS},
        "kills_with_half_a_checkpoint_written": sum(death.torn for death in deaths),
        "idle_kills_not_counted": executioner.idle,
        "records_left_to_fold_at_a_kill": _spread([death.left for death in deaths]),
        "replayed_records": sum(death.lost_with_it for death in deaths),
        "recoveries": sum(service.log().count("owning partitions") for service in line.services),
        "fail_stops": executioner.crew.fail_stops,
        "late_manifests": executioner.tail.stale_manifests,
        "panes_compared": comparison.panes,
        "counts_compared": comparison.counts,
        **{
            key: value
            for key, value in asdict(comparison).items()
            if key not in {"panes", "counts"}
        },
    }


def _spread(values: list[int]) -> dict[str, float]:
    return {"least": min(values), "median": median(values), "most": max(values)}
