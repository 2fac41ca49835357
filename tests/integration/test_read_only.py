"""Worker and exporter write no file: their image may be read-only, and nobody's home is needed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from kafka import KafkaProducer

from tests.integration.pipeline import Pipeline, wait_for
from tidegauge.embedded import EmbeddedBroker, EmbeddedRedis

USER = 54_321
"""Has no home, and may write where everybody may."""
PAGE = b'{"type": "page", "messageId": "%d", "userId": "u"}'
SHARED = ("/tmp", "/var/tmp", "/dev/shm", "/run/lock")  # noqa: S108 - what is looked at


def belonging() -> str:
    """Files of the user."""
    places = [place for place in SHARED if Path(place).is_dir()]
    find = ["find", *places, "-xdev", "-uid", str(USER), "-print"]
    return subprocess.run(find, check=False, capture_output=True, text=True).stdout


def test_worker_and_exporter_run_where_they_cannot_write_and_leave_no_file(
    embedded_broker: EmbeddedBroker, embedded_redis: EmbeddedRedis, tmp_path: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can run something as another user")
    told = [sys.executable, "-c", "import tidegauge.services"]
    if subprocess.run(told, check=False, user=USER, capture_output=True, env={}).returncode:
        pytest.skip("other users may not read this folder")
    tmp_path.chmod(0o555)
    with Pipeline(embedded_broker.bootstrap, embedded_redis.url, tmp_path, user=USER) as line:
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
        assert belonging() == ""
        assert (worker.stop(), exporter.stop()) == (0, 0)
    assert belonging() == ""
