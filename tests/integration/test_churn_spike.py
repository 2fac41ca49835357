"""A churn spike on the topic wakes somebody; a pipeline that stands still silences that.

Everything is real but the business: workers, two exporters, Prometheus, Alertmanager, as shipped.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from kafka import KafkaProducer

from tests.alerting_servers import AlertmanagerServer, watching
from tests.integration.pipeline import Pipeline, wait_for
from tests.integration.test_alerting import EVALUATION_SECONDS, seconds_until_told
from tidegauge.embedded import EmbeddedRedis

pytestmark = [
    pytest.mark.long,
    pytest.mark.prometheus,
    pytest.mark.alertmanager,
    pytest.mark.timeout(900),
]
HOUR, DAYS = 3_600, 29
AN_HOUR = 40
SPIKE_MINUTES, SPIKE = 20, 8.0
LONGEST_WAIT_SECONDS = 300


def cancellations(now: float) -> Iterator[tuple[float, bytes]]:
    """As many an hour for four weeks, and in the last minutes far more; with their times."""
    rng, time_ = random.Random(1), now - DAYS * 24 * HOUR
    while True:
        is_spike = time_ > now - SPIKE_MINUTES * 60
        time_ += rng.expovariate(AN_HOUR * (SPIKE if is_spike else 1.0)) * HOUR
        if time_ >= now:
            return
        moment = datetime.fromtimestamp(time_, UTC).isoformat()
        event = {
            "type": "track",
            "event": "Subscription Cancelled",
            "messageId": f"m{time_}",
            "userId": f"u{rng.randrange(5_000)}",
            "timestamp": moment,
            "properties": {"plan": "pro", "reason": "price"},
        }
        yield time_, json.dumps(event).encode()


def send(line: Pipeline) -> int:
    """Send them, up to now; how many."""
    producer = KafkaProducer(bootstrap_servers=line.bootstrap, acks="all")
    count = 0
    for moment, value in cancellations(time.time()):
        partition = count % line.partitions
        producer.send(line.topic, value, partition=partition, timestamp_ms=round(moment * 1_000))
        count += 1
    producer.flush()
    producer.close()
    return count


def test_a_churn_spike_pages_and_a_stopped_worker_silences_it(
    embedded_broker: object, promtool: str, alertmanager: AlertmanagerServer, tmp_path: Path
) -> None:
    assert promtool
    bootstrap = embedded_broker.bootstrap  # type: ignore[attr-defined]
    with EmbeddedRedis() as redis, Pipeline(bootstrap, redis.url, tmp_path) as line:
        line.create_topic()
        send(line)
        worker, exporters = line.worker(), [line.exporter(), line.exporter()]
        for exporter in exporters:
            wait_for("the exporter is ready", lambda: exporter.get("readyz")[0] == 200, 60)  # noqa: B023
        addresses = [f"127.0.0.1:{exporter.port}" for exporter in exporters]
        with watching(alertmanager, *addresses):
            pages = alertmanager.webhook.pages
            (spike,) = wait_for("the page of the spike", pages, LONGEST_WAIT_SECONDS)
            assert spike.name == "TidegaugeChurnSpike"
            assert "times as many cancellations" in spike.annotations["description"]
            assert seconds_until_told(spike) <= 3 * EVALUATION_SECONDS

            assert worker.stop() == 0
            wait_for("another page", lambda: len(pages()) > 1, LONGEST_WAIT_SECONDS)
            assert [one.name for one in pages()][1] in {"TidegaugeStale", "TidegaugeBehind"}
            states = alertmanager.states()
            assert states["TidegaugeChurnSpike"] == "suppressed"
            assert not [one for one in pages() if one.name == "TidegaugeChurnSpike"][1:]
