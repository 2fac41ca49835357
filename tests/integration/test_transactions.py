"""A topic that is written in transactions: what was taken back does not count."""

from __future__ import annotations

from pathlib import Path

import confluent_kafka
import pytest

from tests.integration.pipeline import Pipeline, wait_for
from tests.integration.truth import published, stored
from tests.kafka_server import RealKafka
from tidegauge.embedded import EmbeddedRedis

PAGE = '{"type": "page", "messageId": "%s", "userId": "u", "timestamp": "2026-01-01T00:00:00Z"}'


@pytest.mark.kafka
def test_records_of_an_aborted_transaction_do_not_count(
    real_kafka: RealKafka, embedded_redis: EmbeddedRedis, tmp_path: Path
) -> None:
    with Pipeline(
        real_kafka.bootstrap, embedded_redis.url, tmp_path, idempotent=True, partitions=1
    ) as line:
        line.create_topic()
        worker = line.worker()
        producer = confluent_kafka.Producer(
            {"bootstrap.servers": line.bootstrap, "transactional.id": line.name}
        )
        producer.init_transactions()
        for number in range(9):
            producer.begin_transaction()
            for record in range(10):
                producer.produce(line.topic, PAGE % f"{number}-{record}", partition=0)
            producer.flush()  # so that there is something to take back
            if number % 3 == 1:
                producer.abort_transaction()
            else:
                producer.commit_transaction()
        wait_for("all is published", lambda: 0 in published(line), 40)
        wait_for("all is counted", lambda: published(line)[0].outcomes == {"accepted": 60}, 20)
        assert worker.stop() == 0
        assert stored(line)[0].outcomes == {"accepted": 60}
