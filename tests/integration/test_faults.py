"""Workers and servers that are killed, stand still, come and go: every count stays the ledger's."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.changelog_tail import ChangelogTail
from tests.integration.checks import (
    check_dead_letters,
    check_exporter,
    check_states,
    published_ends,
)
from tests.integration.crew import Crew
from tests.integration.faults import Faults
from tests.integration.load import TIME_ZONE, Load
from tests.integration.pipeline import ON_KAFKA_FIRST, Pipeline
from tests.integration.truth import published, stored
from tidegauge.embedded import EmbeddedRedis

log = logging.getLogger(__name__)

SEED = 3
SECONDS = 600
SETTINGS = {"REPORTING_TIMEZONE": TIME_ZONE}


@ON_KAFKA_FIRST
@pytest.mark.timeout(SECONDS)
def test_every_count_equals_the_ledger_after_every_kind_of_fault(
    request: pytest.FixtureRequest, broker: str, tmp_path: Path
) -> None:
    real = request.node.callspec.params["broker"] == "kafka"
    kafka = request.getfixturevalue("real_kafka") if real else None
    with (
        EmbeddedRedis() as redis,
        Pipeline(broker, redis.url, tmp_path, idempotent=real, settings=SETTINGS) as line,
    ):
        line.create_topic()
        crew = Crew(line, "a")
        with Load(line, per_second=2_000, hours_ago=26, seconds=SECONDS) as load:
            crew.settle()
            with ChangelogTail(line) as tail:
                faults = Faults(crew, load, tail, random.Random(SEED), redis, kafka)
                faults.add_a_worker("b")
                for fault in _sequence(faults):
                    fault()
            log.info("%s; %s; %d late manifests", faults.happened, crew, tail.stale_manifests)
        ledger = load.ledger
        crew.wait_for("all is folded", lambda: crew.offsets() == ledger.ends())
        crew.wait_for("all is published", lambda: published_ends(line) == ledger.ends(), 20)
        check_exporter(line, ledger)
        assert set(crew.stop().values()) == {0}
        check_states(stored(line), ledger)
        check_states(published(line), ledger)
        check_dead_letters(line, ledger)


def _sequence(faults: Faults) -> list[Callable[[], None]]:
    """Every kind in a random order; each rebalance costs the embedded broker 10 to 20 seconds."""
    found = [faults.freeze_a_worker, faults.kill_redis, faults.kill_a_worker]
    if faults.kafka is not None:
        found += [faults.exchange_a_worker, faults.freeze_a_worker]
        found += [faults.kill_a_worker] * 4 + [faults.kill_the_broker] * 2
    faults.rng.shuffle(found)
    return found
