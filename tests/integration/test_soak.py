"""An hour of steady traffic: what worker and exporter take of memory does not grow.

`SOAK_SECONDS` makes it shorter; the interval of the slope is wider then, and only growth that is
certain fails. `SOAK_CHART` names a file for a chart of it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmarks.line_charts import Chart, draw
from tests.integration.load import TIME_ZONE
from tests.integration.pipeline import Pipeline, Service, wait_for
from tests.integration.trend import Trend, trend
from tests.kafka_server import RealKafka
from tidegauge.embedded import EmbeddedRedis
from tidegauge.simulator.simulation import Simulation

SECONDS = int(os.environ.get("SOAK_SECONDS", "3600"))
CHART = os.environ.get("SOAK_CHART")
HOUR = 3_600
PER_SECOND = 100
BEFORE = 2.5 * HOUR
"""Traffic that is there already, at the same rate: more than the hours that minutes are kept."""
WARM_UP = 0.2
"""Share of the samples at the beginning that are left out."""
SAMPLE_SECONDS = 5
MOST_MEGABYTES_AN_HOUR = 8
MEGABYTE = 1 << 20


@pytest.mark.long
@pytest.mark.kafka
@pytest.mark.timeout(SECONDS + 900)
def test_memory_does_not_grow_under_steady_traffic(
    real_kafka: RealKafka,
    embedded_redis: EmbeddedRedis,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    broker, settings = real_kafka.bootstrap, {"REPORTING_TIMEZONE": TIME_ZONE}
    with Pipeline(broker, embedded_redis.url, tmp_path, idempotent=True, settings=settings) as line:
        line.create_topic()
        services = {"worker": line.worker(), "exporter": line.exporter()}
        with Simulation(
            kafka=line.kafka,
            topic=line.topic,
            partitions=line.partitions,
            rate=PER_SECOND,
            timezone=TIME_ZONE,
            seed=5,
        ) as traffic:
            begin = round(time.time() - BEFORE) * 1_000
            traffic.preload(round(PER_SECOND * BEFORE), BEFORE, begin)
            wait_for("there are numbers", lambda: _is_up(services["exporter"]), 300)
            samples = _soak(traffic, services)
    if CHART:
        Path(CHART).write_text(_drawn(samples), "utf-8")
    for name, found in samples.items():
        assert len(found) > SECONDS / SAMPLE_SECONDS / 2, f"of {name} most scrapes failed"
        grown = _trend(found)
        told = f"{name}: {grown.slope:+.1f} MB an hour ({grown.low:+.1f} to {grown.high:+.1f})"
        last = f"{found[-1][1]:.0f} MB after {found[-1][0] * HOUR:.0f} s"
        record_property("printed", f"soak, {told}, {last}")
        assert grown.low <= MOST_MEGABYTES_AN_HOUR, told
        if SECONDS >= HOUR:
            assert grown.high <= MOST_MEGABYTES_AN_HOUR, told


def _is_up(exporter: Service) -> bool:
    return exporter.scrape().get(("tidegauge_up", ())) == 1


def _soak(
    traffic: Simulation, services: dict[str, Service]
) -> dict[str, list[tuple[float, float]]]:
    """Of each service, hours since the beginning and megabytes resident."""
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in services}
    over, began = threading.Event(), time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(traffic.run_live, stop=over)
        try:
            while (now := time.monotonic() - began) < SECONDS:
                for name, service in services.items():
                    # A scrape in an hour may take longer than a client waits for it.
                    resident = service.scrape().get(("process_resident_memory_bytes", ()))
                    if resident is not None:
                        samples[name].append((now / HOUR, resident / MEGABYTE))
                time.sleep(SAMPLE_SECONDS)
        finally:
            over.set()
            sending.result(120)
    return samples


def _drawn(samples: dict[str, list[tuple[float, float]]]) -> str:
    lines = {name: [(60 * hours, held) for hours, held in found] for name, found in samples.items()}
    return draw([Chart("Resident memory under steady traffic", "minutes", "MB", lines)])


def _trend(samples: list[tuple[float, float]]) -> Trend:
    warm = samples[int(WARM_UP * len(samples)) :]
    return trend([hours for hours, _ in warm], [megabytes for _, megabytes in warm])
