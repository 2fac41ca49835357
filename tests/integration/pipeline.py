"""Real tidegauge processes on a topic of their own, and their final state read without them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

import confluent_kafka
import pytest
from kafka import KafkaAdminClient
from prometheus_client.parser import text_string_to_metric_families

from agents.brokers import Brokers
from agents.settings import WorkerSettings
from tidegauge.assembly import worker_settings
from tidegauge.kafka_door import brokers
from tidegauge.loopback_server import free_port
from tidegauge.settings_sources import load_settings

ON_KAFKA_FIRST = pytest.mark.parametrize(
    "broker",
    [
        pytest.param("embedded", marks=pytest.mark.long),
        pytest.param("kafka", marks=pytest.mark.kafka),
    ],
    indirect=True,
    scope="session",
)
"""For tests that wait for many rebalances, each of which costs the embedded broker 10 to 20 s."""
T = TypeVar("T")
Labels = tuple[tuple[str, str], ...]
Samples = dict[tuple[str, Labels], float]
LOG_TAIL = 3_000
HASH_KEY = "a key of the tests only"


def wait_for(what: str, condition: Callable[[], T], seconds: float) -> T:
    """The first true value of `condition`; fails naming `what` after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.05)
    return found


class Service:
    """One `tidegauge worker` or `tidegauge exporter`; its standard error goes to a file."""

    def __init__(
        self,
        command: list[str],
        environment: Mapping[str, str],
        port: int,
        log: Path,
        program: tuple[str, ...] = ("-m", "tidegauge"),
    ) -> None:
        self.port = port
        self._log = log
        with log.open("w") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, *program, *command],
                env={"PATH": os.environ["PATH"], **environment},
                cwd=log.parent,
                stderr=stderr,
                stdout=stderr,
            )

    def log(self) -> str:
        """What it has written so far."""
        return self._log.read_text(errors="replace")

    def command_line(self) -> str:
        """What everybody on the machine may see of it."""
        return Path(f"/proc/{self._process.pid}/cmdline").read_text(encoding="utf-8")

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of one of its pages; (0, "") while it does not listen."""
        url = f"http://127.0.0.1:{self.port}/{path}"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def scrape(self) -> Samples:
        """Every sample of /metrics; none while it does not listen."""
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(self.get("metrics")[1])
            for sample in family.samples
        }

    def read_offsets(self) -> dict[int, int]:
        """Next offset to fold of every partition a worker owns."""
        name = "tidegauge_worker_read_offset"
        return {int(k[1][0][1]): int(v) for k, v in self.scrape().items() if k[0] == name}

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def running(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def wait(self, seconds: float) -> int:
        """Its exit code, once it has ended by itself."""
        return self._process.wait(seconds)

    def kill(self) -> int:
        """Its exit code after SIGKILL."""
        self._process.kill()
        return self.wait(10)

    def freeze(self) -> None:
        """Stop it as a long pause of its machine would; returns once it stands still."""
        self._process.send_signal(signal.SIGSTOP)
        wait_for("it stands still", self.is_frozen, 5)

    def is_frozen(self) -> bool:
        """Whether the system says that it is stopped by a signal."""
        told = ["ps", "-o", "state=", "-p", str(self._process.pid)]
        return subprocess.run(told, check=True, capture_output=True).stdout.startswith(b"T")

    def thaw(self) -> None:
        """Let it go on after `freeze`."""
        self._process.send_signal(signal.SIGCONT)

    def terminate(self) -> None:
        """Ask it to stop."""
        self._process.terminate()

    def stop(self) -> int:
        """Its exit code after SIGTERM."""
        self.terminate()
        return self.wait(30)

    def end(self) -> None:
        """Leave nothing behind."""
        if self.running():
            self._process.kill()
        self._process.wait()


@dataclass
class Pipeline:
    """Everything of one test: names of its own on shared servers, and the services it started."""

    bootstrap: str
    redis_url: str
    folder: Path
    idempotent: bool = False
    """The embedded broker cannot."""
    partitions: int = 4
    settings: dict[str, str] = field(default_factory=dict)
    """More environment variables, without TIDEGAUGE_."""
    program: tuple[str, ...] = ("-m", "tidegauge")
    """What Python is to run."""
    services: list[Service] = field(default_factory=list)
    name: str = field(default_factory=lambda: f"t{time.time_ns():x}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for service in self.services:
            service.end()
            if kind is not None:
                print(f"--- {service._log.name}\n{service.log()[-LOG_TAIL:]}")  # noqa: T201

    @property
    def topic(self) -> str:
        return f"{self.name}-events"

    @property
    def kafka(self) -> Brokers:
        """Where its services find Kafka, and how they get in."""
        return brokers(load_settings(None, self.environment()))

    def environment(self, **more: str) -> dict[str, str]:
        """Everything a service is told, as environment variables."""
        values = {
            "KAFKA_BOOTSTRAP": self.bootstrap,
            "KAFKA_TOPIC": self.topic,
            "KAFKA_APPLICATION": self.name,
            "KAFKA_IDEMPOTENT": str(self.idempotent).lower(),
            "REDIS_URL": self.redis_url,
            "REDIS_PREFIX": self.name,
            "WORKER_SESSION_SECONDS": "6",
            "PERSON_HASH_KEY": HASH_KEY,
        }
        return {f"TIDEGAUGE_{key}": v for key, v in (values | self.settings | more).items()}

    def worker_settings(self) -> WorkerSettings:
        """The same as an object, for names of topics and the fold."""
        return worker_settings(load_settings(None, self.environment()))

    def create_topic(self, topic: str | None = None, partitions: int | None = None) -> None:
        """Create a topic, the source by default."""
        admin = KafkaAdminClient(**self.kafka.client())
        wanted = {"num_partitions": partitions or self.partitions, "replication_factor": 1}
        admin.create_topics({topic or self.topic: wanted}, wait_for_metadata=True)
        admin.close()

    def worker(self, *options: str, instance: str = "a", **more: str) -> Service:
        """Start a worker under a name in the group; one that was stopped may have had it before."""
        port = free_port()
        bind = {"WORKER_BIND": f"127.0.0.1:{port}", "WORKER_INSTANCE": f"{self.name}-{instance}"}
        return self._start(["worker", *options], port, self.environment(**bind | more))

    def exporter(self, *options: str) -> Service:
        """Start an exporter; returns once it listens."""
        port = free_port()
        environment = self.environment(EXPORTER_BIND=f"127.0.0.1:{port}")
        service = self._start(["exporter", *options], port, environment)
        wait_for("the exporter listens", lambda: service.get("healthz")[0] == 200, 60)
        return service

    def run(self, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        environment = {"PATH": os.environ["PATH"], "COLUMNS": "200", **self.environment(**more)}
        return subprocess.run(
            [sys.executable, "-m", "tidegauge", *command],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def _start(self, command: list[str], port: int, environment: Mapping[str, str]) -> Service:
        log = self.folder / f"{len(self.services)}-{command[0]}.log"
        self.services.append(Service(command, environment, port, log, self.program))
        return self.services[-1]

    def rows(self, topic: str) -> Iterator[Any]:
        """Every message of a topic, to the end that fetches tell (another client)."""
        settings = {"bootstrap.servers": self.bootstrap, "group.id": "reader-of-tests"}
        settings |= {"enable.partition.eof": "true", "enable.auto.commit": "false"}
        settings |= {"auto.offset.reset": "error"}  # what is gone must not pass for what was read
        with closing(confluent_kafka.Consumer(settings)) as consumer:
            consumer.assign(
                [confluent_kafka.TopicPartition(topic, n, 0) for n in range(self.partitions)]
            )
            left = self.partitions
            while left:
                message = consumer.poll(30)
                assert message is not None, f"{topic} could not be read to its end"
                if message.error() is None:
                    yield message
                else:
                    assert message.error().code() == confluent_kafka.KafkaError._PARTITION_EOF
                    left -= 1
