"""200,000 events through two workers, stopped and started in the middle, equal the ledger."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from tests.integration.checks import (
    check_dead_letters,
    check_exporter,
    check_states,
    published_ends,
)
from tests.integration.pipeline import ON_KAFKA_FIRST, Pipeline, Service, wait_for
from tests.integration.truth import LedgerByPartition, published, stored
from tidegauge.embedded import EmbeddedRedis
from tidegauge.simulator.simulation import Simulation

FIRST, SECOND, THIRD = 100_000, 10_000, 90_000
HOUR = 3_600
TIME_ZONE = "Europe/Berlin"


@ON_KAFKA_FIRST
@pytest.mark.timeout(600)
def test_every_count_of_two_workers_equals_the_ledger_after_a_stop_and_start(
    request: pytest.FixtureRequest, broker: str, embedded_redis: EmbeddedRedis, tmp_path: Path
) -> None:
    real = request.node.callspec.params["broker"] == "kafka"
    settings = {"REPORTING_TIMEZONE": TIME_ZONE}
    with Pipeline(broker, embedded_redis.url, tmp_path, idempotent=real, settings=settings) as line:
        line.create_topic()
        with Simulation(
            kafka=line.kafka, topic=line.topic, partitions=4, rate=0, timezone=TIME_ZONE, seed=7
        ) as traffic:
            ledger = LedgerByPartition.of(traffic)
            _run_with_a_stop_in_the_middle(line, traffic)
            assert traffic.unexplained_records == 0
        assert sum(ledger.ends().values()) == FIRST + SECOND + THIRD
        workers = [line.worker(instance="a"), line.worker(instance="b")]
        wait_for("all is folded", lambda: _offsets(workers) == ledger.ends(), 150)
        wait_for("all is published", lambda: published_ends(line) == ledger.ends(), 10)
        check_exporter(line, ledger)
        for worker in workers:
            worker.terminate()
        assert [worker.wait(30) for worker in workers] == [0, 0]
        check_states(stored(line), ledger)
        check_states(published(line), ledger)
        check_dead_letters(line, ledger)


def _run_with_a_stop_in_the_middle(line: Pipeline, traffic: Simulation) -> None:
    """Send everything; two workers begin meanwhile, and stop while the last part is sent."""
    begin, send = time.time() - 20 * HOUR, traffic.preload
    send(FIRST, 10 * HOUR, int(begin) * 1000)
    workers = [line.worker(instance="a"), line.worker(instance="b")]
    wait_for("both own partitions", lambda: all(w.read_offsets() for w in workers), 150)
    send(SECOND, HOUR, int(begin + 10 * HOUR) * 1000)
    wait_for("all so far is folded", lambda: sum(_offsets(workers).values()) == FIRST + SECOND, 150)
    rest = threading.Thread(target=send, args=(THIRD, 9 * HOUR, int(begin + 11 * HOUR) * 1000))
    rest.start()
    try:
        enough = FIRST + SECOND + THIRD // 100
        wait_for("more is folded", lambda: sum(_offsets(workers).values()) > enough, 150)
        for worker in workers:
            worker.terminate()
        assert [worker.wait(30) for worker in workers] == [0, 0]
    finally:
        rest.join()
    assert sum(state.offset for state in stored(line).values()) > FIRST + SECOND


def _offsets(workers: list[Service]) -> dict[int, int]:
    found = [worker.read_offsets() for worker in workers]
    assert all(worker.running() for worker in workers)
    return dict(sorted((found[0] | found[1]).items()))
