"""A topic that is written in transactions: what was taken back does not count, nor as missing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import confluent_kafka
import pytest

from tests.integration.checks import scrape_of_all
from tests.integration.pipeline import Pipeline, Service, wait_for
from tests.integration.truth import published, stored
from tests.kafka_server import RealKafka
from tidegauge.embedded import EmbeddedRedis

PAGE = '{"type": "page", "messageId": "%s", "userId": "u", "timestamp": "2026-01-01T00:00:00Z"}'
RECORDS = 10
PARTITION_0 = (("partition", "0"),)

pytestmark = pytest.mark.kafka


@pytest.fixture
def line(
    real_kafka: RealKafka, embedded_redis: EmbeddedRedis, tmp_path: Path
) -> Iterator[Pipeline]:
    with Pipeline(
        real_kafka.bootstrap, embedded_redis.url, tmp_path, idempotent=True, partitions=1
    ) as pipeline:
        pipeline.create_topic()
        yield pipeline


@pytest.fixture
def producer(line: Pipeline) -> Any:
    found = confluent_kafka.Producer(
        {"bootstrap.servers": line.bootstrap, "transactional.id": line.name}
    )
    found.init_transactions()
    return found


def write(line: Pipeline, producer: Any, name: str, *, commit: bool) -> None:
    """One transaction: ten records and a marker."""
    producer.begin_transaction()
    for record in range(RECORDS):
        producer.produce(line.topic, PAGE % f"{name}-{record}", partition=0)
    producer.flush()  # so that there is something to take back
    if commit:
        producer.commit_transaction()
    else:
        producer.abort_transaction()


def wait_until_at(line: Pipeline, worker: Service, offset: int) -> None:
    wait_for(f"it stands at {offset}", lambda: worker.read_offsets() == {0: offset}, 60)
    wait_for(
        "that is published",
        lambda: [state.offset for state in published(line).values()] == [offset],
        10,
    )


def assert_nothing_is_missed(worker: Service, exporter: Service) -> None:
    """No loss, no lag, and the instant of the scrape is now and moves."""
    assert worker.scrape()["tidegauge_worker_lost_records_total", ()] == 0
    scraped = scrape_of_all(exporter)
    assert scraped["tidegauge_lost_records_total", PARTITION_0] == 0
    assert scraped["tidegauge_lag_records", PARTITION_0] == 0
    instant = ("tidegauge_as_of_timestamp_seconds", ())
    began = scraped[instant]
    assert began > time.time() - 60  # the events are of another year
    wait_for("the instant moves", lambda: exporter.scrape()[instant] > began, 10)
    assert "not in the source" not in worker.log()
    assert "ERROR" not in worker.log()


def test_every_committed_record_counts_and_no_marker_and_no_aborted_one_is_missed(
    line: Pipeline, producer: Any
) -> None:
    worker, exporter = line.worker(), line.exporter()
    for number in range(9):
        write(line, producer, str(number), commit=number % 3 != 1)
    wait_until_at(line, worker, 9 * (RECORDS + 1))
    assert published(line)[0].outcomes == {"accepted": 60}
    assert_nothing_is_missed(worker, exporter)
    assert worker.stop() == 0
    assert stored(line)[0].outcomes == {"accepted": 60}


def test_a_partition_that_ends_with_an_aborted_transaction_is_read_to_its_end(
    line: Pipeline, producer: Any
) -> None:
    write(line, producer, "a", commit=True)
    worker, exporter = line.worker(), line.exporter()
    wait_until_at(line, worker, 11)
    write(line, producer, "b", commit=False)  # now there is nothing to read, and yet it goes on
    wait_until_at(line, worker, 22)
    assert_nothing_is_missed(worker, exporter)
    assert worker.stop() == 0
    assert stored(line)[0].offset == 22
    worker = line.worker()
    write(line, producer, "c", commit=True)
    wait_until_at(line, worker, 33)
    assert published(line)[0].outcomes == {"accepted": 20}
    assert_nothing_is_missed(worker, exporter)


def test_a_topic_of_many_transactions_is_read_from_its_beginning(
    line: Pipeline, producer: Any
) -> None:
    for number in range(200):
        write(line, producer, str(number), commit=number % 4 != 3)
    worker, exporter = line.worker(), line.exporter()
    wait_until_at(line, worker, 200 * (RECORDS + 1))
    assert published(line)[0].outcomes == {"accepted": 1_500}
    assert_nothing_is_missed(worker, exporter)
    assert worker.stop() == 0
