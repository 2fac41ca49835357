"""Redis away for 20 s, and flushed: ingestion goes on, gauges are absent, then right in 5 s."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from tests.integration.background import InBackground
from tests.integration.pipeline import Pipeline, Samples, Service, wait_for
from tests.integration.truth import business, differences
from tidegauge.embedded import EmbeddedBroker, EmbeddedRedis
from tidegauge.simulator.ledger import Ledger
from tidegauge.simulator.simulation import Simulation

RATE = 500
OUTAGE_SECONDS = 20
RECOVERY_SECONDS = 5.0
INTERACTIONS = ("tidegauge_interactions_total", ())


class Watch(InBackground):
    """Scrapes an exporter all the time: everything or nothing, and never less than before."""

    def __init__(self, line: Pipeline, exporter: Service) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.up: list[bool] = []
        self._folding = line.worker_settings().folding
        self._exporter = exporter

    def _run(self) -> None:
        last = 0.0
        while not self._over.wait(0.2):
            scraped = self._exporter.scrape()
            if not scraped:
                self.wrong.append("the exporter did not answer")
                continue
            shown = business(self._folding, scraped)
            up = scraped["tidegauge_up", ()] == 1
            self.up.append(up)
            if not up and shown:
                self.wrong.append(f"down, and yet {len(shown)} series")
            if up and shown[INTERACTIONS] < last:
                self.wrong.append(f"{shown[INTERACTIONS]} interactions after {last}")
            last = shown.get(INTERACTIONS, last)


@contextmanager
def live(traffic: Simulation) -> Iterator[threading.Thread]:
    """Traffic at its rate, in a thread, until the block ends."""
    stop = threading.Event()
    thread = threading.Thread(target=traffic.run_live, kwargs={"stop": stop})
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join()


@pytest.mark.timeout(180)
def test_without_redis_ingestion_goes_on_and_gauges_are_absent_then_right_within_5_seconds(
    embedded_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    bootstrap = embedded_broker.bootstrap
    with EmbeddedRedis() as server, Pipeline(bootstrap, server.url, tmp_path) as line:
        line.create_topic()
        worker, exporter = line.worker(), line.exporter()
        with Simulation(
            kafka=line.kafka, topic=line.topic, partitions=4, rate=RATE, history_events=8_000
        ) as traffic:
            traffic.run_history()
            wait_for("it is right at first", lambda: not _wrong(line, traffic, exporter), 60)
            with Watch(line, exporter) as watch:
                _stop_and_start(server, traffic, worker, exporter)
                _becomes_right(line, traffic, exporter, began=time.monotonic())
                _flush(server, traffic, line, exporter)
            assert not watch.wrong
            assert watch.up[0]
            assert watch.up[-1]
            assert not all(watch.up)
        assert worker.stop() == 0


def _stop_and_start(
    server: EmbeddedRedis, traffic: Simulation, worker: Service, exporter: Service
) -> None:
    with live(traffic):
        time.sleep(2)  # traffic flows before the outage
        server.stop()
        began, sent = time.monotonic(), traffic.ledger.total()
        wait_for("the gauges are absent", lambda: not _up(exporter.scrape()), 5)
        wait_for("the worker says why", lambda: "Redis" in worker.get("readyz")[1], 5)
        wait_for(
            "records sent in the outage are folded",
            lambda: sum(worker.read_offsets().values()) > sent + RATE * OUTAGE_SECONDS // 2,
            OUTAGE_SECONDS,
        )
        while time.monotonic() - began < OUTAGE_SECONDS:
            assert not _up(exporter.scrape())
            time.sleep(0.2)
    wait_for("all is folded", lambda: _folded(worker) == traffic.ledger.total(), 10)
    server.start()  # returns when it answers PING


def _flush(server: EmbeddedRedis, traffic: Simulation, line: Pipeline, exporter: Service) -> None:
    with live(traffic) as thread:
        time.sleep(2)  # traffic flows when it is flushed
        sent = traffic.ledger.total()
        _flushall(server)
        began = time.monotonic()
        wait_for(
            "everything sent before is shown again",
            lambda: _shown(exporter.scrape()) >= sent,
            RECOVERY_SECONDS,
        )
        assert thread.is_alive()
    _becomes_right(line, traffic, exporter, began=time.monotonic())
    _flushall(server)
    began = time.monotonic()
    _becomes_right(line, traffic, exporter, began)


def _becomes_right(line: Pipeline, traffic: Simulation, exporter: Service, began: float) -> None:
    while wrong := _wrong(line, traffic, exporter):
        assert time.monotonic() - began < RECOVERY_SECONDS, wrong[:5]
        time.sleep(0.05)


def _wrong(line: Pipeline, traffic: Simulation, exporter: Service) -> list[str]:
    """What an exporter shows of the traffic so far that is not so."""
    ledger: Ledger = traffic.ledger
    scraped = exporter.scrape()
    if _shown(scraped) != ledger.total():
        return [f"{_shown(scraped)} records of {ledger.total()} are shown"]
    return differences(ledger, line.worker_settings().folding, scraped)


def _up(scraped: Samples) -> bool:
    return scraped["tidegauge_up", ()] == 1


def _folded(worker: Service) -> int:
    return sum(worker.read_offsets().values())


def _shown(scraped: Samples) -> int:
    """Records in what is shown; -1 while nothing is."""
    offsets = [value for (name, _), value in scraped.items() if name == "tidegauge_read_offset"]
    return int(sum(offsets)) if _up(scraped) else -1


def _flushall(server: EmbeddedRedis) -> None:
    with redis.Redis.from_url(server.url) as client:
        client.flushall()
