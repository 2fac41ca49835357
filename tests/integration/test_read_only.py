"""Worker and exporter write no file: their image may be read-only, and nobody's home is needed."""

import subprocess
import sys
from pathlib import Path

from kafka import KafkaProducer

from tests.integration.pipeline import Pipeline, wait_for
from tidegauge.embedded import EmbeddedBroker, EmbeddedRedis

PROGRAM = str(Path(__file__).with_name("read_only.py"))
PAGE = b'{"type": "page", "messageId": "%d", "userId": "u"}'


def test_worker_and_exporter_run_where_nothing_can_be_written(
    embedded_broker: EmbeddedBroker, embedded_redis: EmbeddedRedis, tmp_path: Path
) -> None:
    servers = embedded_broker.bootstrap, embedded_redis.url
    with Pipeline(*servers, tmp_path, program=(PROGRAM,)) as line:
        line.create_topic()
        worker, exporter = line.worker(), line.exporter()
        producer = KafkaProducer(bootstrap_servers=line.bootstrap, enable_idempotence=False)
        for number in range(20):
            producer.send(line.topic, PAGE % number, partition=number % 4)
        producer.flush()
        producer.close()
        wait_for("all is read", lambda: sum(worker.read_offsets().values()) == 20, 60)
        wait_for("all is shown", lambda: "page_views_total" in exporter.get("metrics")[1], 30)
        assert exporter.get("")[0] == 200
        assert (worker.stop(), exporter.stop()) == (0, 0)
        assert "REFUSED" not in worker.log() + exporter.log()
    assert {file.suffix for file in tmp_path.iterdir()} == {".log"}


def test_what_would_be_written_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, PROGRAM, "simulate", "--ledger", str(tmp_path / "ledger.json")]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, env={})
    assert ended.returncode != 0
    assert "REFUSED open" in ended.stderr
    assert not list(tmp_path.iterdir())
