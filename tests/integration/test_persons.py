"""Workers are killed while they count persons: every metric is still what the ledger says."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.integration.checks import check_exporter
from tests.integration.crew import Crew
from tests.integration.load import TIME_ZONE
from tests.integration.pipeline import Pipeline
from tests.integration.truth import LedgerByPartition
from tests.kafka_server import RealKafka
from tidegauge.embedded import EmbeddedRedis
from tidegauge.simulator.simulation import Simulation

HISTORY, AFTERWARDS = 60_000, 20_000
HOUR = 3_600
NEEDS_PERSONS = {"churn_ratio", "customer_lifetime_value", "customer_health_customers", "nps_score"}


@pytest.mark.kafka
@pytest.mark.timeout(600)
def test_every_metric_equals_the_ledger_after_workers_were_killed(
    real_kafka: RealKafka, embedded_redis: EmbeddedRedis, tmp_path: Path
) -> None:
    broker, settings = real_kafka.bootstrap, {"REPORTING_TIMEZONE": TIME_ZONE}
    with Pipeline(broker, embedded_redis.url, tmp_path, idempotent=True, settings=settings) as line:
        line.create_topic()
        with Simulation(
            kafka=line.kafka,
            topic=line.topic,
            partitions=4,
            rate=0,
            timezone=TIME_ZONE,
            seed=11,
            history_events=HISTORY,
        ) as traffic:
            ledger = LedgerByPartition.of(traffic)
            crew = Crew(line, "a", "b")
            crew.wait_for("both own partitions", lambda: all(crew.shares().values()))
            traffic.run_history()
            _kill(crew, "a", HISTORY // 3)
            traffic.preload(AFTERWARDS, HOUR / 2, round(time.time() - HOUR / 2) * 1000)
            _kill(crew, "b", HISTORY)
        crew.wait_for("all is folded", lambda: crew.offsets() == ledger.ends())
        check_exporter(line, ledger)
        shown = {name for name, _ in ledger.windows(round(time.time() * 1000))}
        assert shown >= NEEDS_PERSONS
        assert set(crew.stop().values()) == {0}


def _kill(crew: Crew, name: str, offset: int) -> None:
    """Kill a worker once so many records are folded; another one of its name begins."""
    crew.wait_for("it is mid-way", lambda: sum(crew.offsets().values()) >= offset)
    assert crew.services[name].kill() < 0
    crew.start(name)
