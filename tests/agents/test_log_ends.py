"""Both ends of the source's log: what is gone is declared, another log is refused."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition

from tests.integration.pipeline import Pipeline, Service, wait_for
from tests.integration.truth import published
from tests.kafka_server import RealKafka
from tidegauge.embedded import EmbeddedBroker, EmbeddedRedis

PAGE = b'{"type": "page", "messageId": "%d", "userId": "u", "timestamp": "2026-01-01T00:00:00Z"}'
LOST = ("tidegauge_worker_lost_records_total", ())


@pytest.fixture
def kafka_line(
    real_kafka: RealKafka, embedded_redis: EmbeddedRedis, tmp_path: Path
) -> Iterator[Pipeline]:
    with Pipeline(
        real_kafka.bootstrap, embedded_redis.url, tmp_path, idempotent=True, partitions=1
    ) as pipeline:
        pipeline.create_topic()
        yield pipeline


def send(line: Pipeline, first: int, count: int) -> None:
    producer = KafkaProducer(bootstrap_servers=line.bootstrap, enable_idempotence=False)
    for number in range(first, first + count):
        producer.send(line.topic, PAGE % number, partition=0)
    producer.flush()
    producer.close()


def stands_at(line: Pipeline, worker: Service, offset: int) -> None:
    wait_for(f"it stands at {offset}", lambda: worker.read_offsets() == {0: offset}, 60)
    wait_for(
        "that is published",
        lambda: [state.offset for state in published(line).values()] == [offset],
        10,
    )


def delete_records(line: Pipeline, until: int) -> None:
    admin = KafkaAdminClient(bootstrap_servers=line.bootstrap)
    admin.delete_records({TopicPartition(line.topic, 0): until})
    admin.close()


def make_anew(line: Pipeline) -> None:
    admin = KafkaAdminClient(bootstrap_servers=line.bootstrap)
    admin.delete_topics([line.topic])
    wait_for("the topic is gone", lambda: line.topic not in admin.list_topics(), 10)
    admin.close()
    line.create_topic()


@pytest.mark.kafka
def test_what_went_while_no_worker_ran_is_declared(kafka_line: Pipeline) -> None:
    send(kafka_line, 0, 100)
    worker = kafka_line.worker()
    stands_at(kafka_line, worker, 100)
    assert worker.stop() == 0
    send(kafka_line, 100, 200)
    delete_records(kafka_line, 250)
    worker = kafka_line.worker()
    stands_at(kafka_line, worker, 300)
    assert worker.scrape()[LOST] == 150
    assert "lost offsets 100 to 250" in worker.log()
    assert published(kafka_line)[0].outcomes == {"accepted": 150}
    exporter = kafka_line.exporter()
    assert exporter.scrape()["tidegauge_lost_records_total", (("partition", "0"),)] == 150


@pytest.mark.kafka
def test_what_went_while_a_worker_was_paused_is_declared(kafka_line: Pipeline) -> None:
    send(kafka_line, 0, 100)
    worker = kafka_line.worker()
    stands_at(kafka_line, worker, 100)
    worker._process.send_signal(signal.SIGSTOP)
    try:
        send(kafka_line, 100, 200)
        delete_records(kafka_line, 250)
        time.sleep(1)  # well within the session
    finally:
        worker._process.send_signal(signal.SIGCONT)
    stands_at(kafka_line, worker, 300)
    lost = worker.scrape()[LOST]
    assert 100 < lost <= 150  # a fetch that was under way may have brought some
    assert published(kafka_line)[0].outcomes == {"accepted": 300 - lost}


def test_a_topic_made_anew_under_a_worker_is_refused(
    embedded_broker: EmbeddedBroker, embedded_redis: EmbeddedRedis, tmp_path: Path
) -> None:
    bootstrap, redis_url = embedded_broker.bootstrap, embedded_redis.url
    with Pipeline(bootstrap, redis_url, tmp_path, partitions=1) as line:
        line.create_topic()
        send(line, 0, 100)
        worker = line.worker()
        stands_at(line, worker, 100)
        make_anew(line)
        send(line, 0, 10)
        assert worker.wait(60) == 2, worker.log()
        assert "was made anew" in worker.log()
        assert "`tidegauge replay`" in worker.log()
        assert published(line)[0].outcomes == {"accepted": 100}
