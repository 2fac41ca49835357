"""200,000 events through two workers, stopped and started in the middle, equal the ledger."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.integration.pipeline import Pipeline, Service, wait_for
from tests.integration.truth import (
    LedgerByPartition,
    State,
    differences,
    published,
    stored,
    true_state,
)
from tidegauge.embedded import EmbeddedRedis
from tidegauge.simulator.simulation import Simulation

FIRST, SECOND, THIRD = 100_000, 10_000, 90_000
HOUR = 3_600
TIME_ZONE = "Europe/Berlin"
PROVENANCE = {"reason", "detail", "topic", "partition", "offset"}


@pytest.mark.timeout(300)
def test_every_count_of_two_workers_equals_the_ledger_after_a_stop_and_start(
    request: pytest.FixtureRequest, broker: str, embedded_redis: EmbeddedRedis, tmp_path: Path
) -> None:
    real = request.node.callspec.params["broker"] == "kafka"
    settings = {"REPORTING_TIMEZONE": TIME_ZONE}
    with Pipeline(broker, embedded_redis.url, tmp_path, idempotent=real, settings=settings) as line:
        line.create_topic()
        with Simulation(
            bootstrap=broker, topic=line.topic, partitions=4, rate=0, timezone=TIME_ZONE, seed=7
        ) as traffic:
            ledger = LedgerByPartition.of(traffic)
            _run_with_a_stop_in_the_middle(line, traffic)
            assert traffic.unexplained_records == 0
        assert sum(ledger.ends().values()) == FIRST + SECOND + THIRD
        workers = [line.worker(instance="a"), line.worker(instance="b")]
        wait_for("all is folded", lambda: _offsets(workers) == ledger.ends(), 60)
        wait_for("all is published", lambda: _published_ends(line) == ledger.ends(), 10)
        _check_exporter(line, ledger)
        for worker in workers:
            worker.terminate()
        assert [worker.wait(30) for worker in workers] == [0, 0]
        _check(stored(line), ledger)
        _check(published(line), ledger)
        _check_dead_letters(line, ledger)


def _run_with_a_stop_in_the_middle(line: Pipeline, traffic: Simulation) -> None:
    """Send everything; two workers begin meanwhile, and stop while the last part is sent."""
    begin, send = time.time() - 20 * HOUR, traffic.preload
    send(FIRST, 10 * HOUR, int(begin) * 1000)
    workers = [line.worker(instance="a"), line.worker(instance="b")]
    wait_for("both own partitions", lambda: all(w.read_offsets() for w in workers), 60)
    send(SECOND, HOUR, int(begin + 10 * HOUR) * 1000)
    wait_for("all so far is folded", lambda: sum(_offsets(workers).values()) == FIRST + SECOND, 60)
    rest = threading.Thread(target=send, args=(THIRD, 9 * HOUR, int(begin + 11 * HOUR) * 1000))
    rest.start()
    try:
        enough = FIRST + SECOND + THIRD // 100
        wait_for("more is folded", lambda: sum(_offsets(workers).values()) > enough, 60)
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


def _published_ends(line: Pipeline) -> dict[int, int]:
    return {number: state.offset for number, state in sorted(published(line).items())}


def _check(states: dict[int, State], ledger: LedgerByPartition) -> None:
    """Every pane of every partition: nothing missing, nothing else, nothing different."""
    assert states.keys() == ledger.ends().keys()
    for number, state in states.items():
        expected = true_state(ledger, number, state.watermark)
        assert state.offset == expected.offset == sum(state.outcomes.values())
        assert state.outcomes == expected.outcomes
        assert state.reasons == expected.reasons
        assert state.panes.keys() == expected.panes.keys()
        wrong = [pane for pane in state.panes if state.panes[pane] != expected.panes[pane]]
        assert not wrong, f"partition {number}: {_first(state, expected, wrong)}"
        assert {pane.partition("/")[0] for pane in state.panes} == {
            *("minute", "hour", "day", "lifetime")
        }


def _first(state: State, expected: State, wrong: list[str]) -> Any:
    found, true = state.panes[wrong[0]], expected.panes[wrong[0]]
    keys = [key for key in found.keys() | true.keys() if found.get(key) != true.get(key)]
    return wrong[0], [(key, found.get(key), true.get(key)) for key in sorted(keys)[:5]]


def _check_exporter(line: Pipeline, ledger: LedgerByPartition) -> None:
    exporter = line.exporter()
    wait_for("the exporter is ready", lambda: exporter.get("readyz")[0] == 200, 10)
    scraped = exporter.scrape()
    assert not differences(ledger, line.worker_settings().folding, scraped)
    outcomes: Counter[str] = Counter()
    for (name, labels), value in scraped.items():
        if name == "tidegauge_records_total":
            outcomes[dict(labels)["partition"]] += int(value)
    assert {int(partition): count for partition, count in outcomes.items()} == ledger.ends()
    for number, end in ledger.ends().items():
        assert scraped["tidegauge_read_offset", (("partition", str(number)),)] == end
        assert scraped["tidegauge_lag_records", (("partition", str(number)),)] == 0


def _check_dead_letters(line: Pipeline, ledger: LedgerByPartition) -> None:
    """Every broken record has a letter with its bytes, its reason and where it stood."""
    letters: dict[tuple[int, int], tuple[str, bytes]] = {}
    for letter in line.rows(line.worker_settings().dead_letter_topic):
        headers = {name: value.decode() for name, value in letter.headers()}
        assert headers.keys() == PROVENANCE
        assert headers["topic"] == line.topic
        place = int(headers["partition"]), int(headers["offset"])
        letters[place] = headers["reason"], letter.value()
    reasons: dict[int, Counter[str]] = defaultdict(Counter)
    for (number, _), (reason, _) in letters.items():
        reasons[number][reason] += 1
    assert reasons == {number: +counter for number, counter in ledger.reasons.items()}
    for record in line.rows(line.topic):
        letter = letters.pop((record.partition(), record.offset()), None)
        assert letter is None or letter[1] == (record.value() or b"")
    assert not letters
