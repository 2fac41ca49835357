"""A real Apache Kafka (KRaft, one node that is broker and controller) on free loopback ports.

Its libraries come through Maven once and stay in tests/target. Its data stays over `stop()`,
`kill()` and `start()`, and goes when the `with` block ends.
"""

from __future__ import annotations

import fcntl
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from tidegauge.embedded import KAFKA_ANSWER, KAFKA_QUESTION
from tidegauge.loopback_server import LoopbackServer, free_port

POM = Path(__file__).with_name("pom.xml")
TARGET = POM.with_name("target")
LIBRARIES = TARGET / "kafka-libs"
JAVA_MAJOR_MIN = 17  # Kafka 4 brokers run on nothing older
JAVA_OPTIONS = ["-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
LOG_OPTION = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
CLUSTER_ID = "dGlkZWdhdWdldGVzdHMwMQ"

# One broker, so every internal topic has one replica. Few partitions and a short session, so that
# it starts soon, after a kill too.
PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
log.dirs={data}/log
log.initial.task.delay.ms=86400000
auto.create.topics.enable=false
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
default.replication.factor=1
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
"""


class KafkaMissing(Exception):
    """Java, Maven or Kafka's libraries are not to be had here; the message says which."""


class RealKafka(LoopbackServer):
    """One Kafka; `with` it, or call `start()` and `close()`."""

    question, answer = KAFKA_QUESTION, KAFKA_ANSWER
    start_seconds_max = 90.0
    stop_seconds_max = 20.0
    java_options: Sequence[str] = JAVA_OPTIONS

    def __init__(self) -> None:
        super().__init__()
        self._java = java_binary()
        self._libraries = kafka_libraries()
        self._controller_port = free_port()
        self._data = Path(tempfile.mkdtemp(prefix="tidegauge-kafka-"))

    @property
    def bootstrap(self) -> str:
        """Where Kafka clients connect, as host:port."""
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        try:
            self._format()
            return super().__enter__()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *exception: object) -> None:
        super().__exit__(*exception)
        shutil.rmtree(self._data, ignore_errors=True)

    def command(self) -> list[str]:
        return [*self._program("kafka.Kafka"), str(self._data / "server.properties")]

    def _format(self) -> None:
        properties = self._data / "server.properties"
        properties.write_text(self.properties())
        format_storage = ["format", "-t", CLUSTER_ID, "-c", str(properties), *self.users()]
        command = [*self._program("kafka.tools.StorageTool"), *format_storage]
        subprocess.run(command, check=True, capture_output=True, timeout=90)

    def properties(self) -> str:
        """What stands in its server.properties."""
        return PROPERTIES.format(
            port=self.port, controller_port=self._controller_port, data=self._data
        )

    def users(self) -> list[str]:
        """Options that make users when its storage is made."""
        return []

    def _program(self, name: str) -> list[str]:
        return [self._java, *self.java_options, LOG_OPTION, "-cp", f"{self._libraries}/*", name]


def java_binary() -> str:
    """Find a Java that runs Kafka 4; KafkaMissing when there is none."""
    java = shutil.which("java")
    if java is None:
        raise KafkaMissing("Java is not installed (Debian: default-jre-headless)")
    told = subprocess.run([java, "--version"], check=False, capture_output=True, text=True).stdout
    major = re.search(r"\d+", told)
    if major is None or int(major[0]) < JAVA_MAJOR_MIN:
        raise KafkaMissing(f"Kafka 4 needs Java {JAVA_MAJOR_MIN}, {java} is older")
    return java


def kafka_libraries() -> Path:
    """Folder with Kafka's jars, fetched when they are not there or of another pom.xml."""
    TARGET.mkdir(exist_ok=True)
    with _locked(TARGET / "kafka-libs.lock"):
        fetched_for = LIBRARIES / POM.name
        if not fetched_for.exists() or fetched_for.read_bytes() != POM.read_bytes():
            shutil.rmtree(LIBRARIES, ignore_errors=True)
            _fetch(LIBRARIES)
            shutil.copy(POM, fetched_for)  # last: from now on the folder is complete
    return LIBRARIES


def _fetch(folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise KafkaMissing("Maven is not installed (Debian: maven), it fetches Kafka")
    goal = ["dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
    result = subprocess.run(
        [maven, "-q", "-B", "-f", str(POM), *goal],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if result.returncode != 0:
        raise KafkaMissing(f"Maven could not fetch Kafka:\n{result.stdout[-2000:]}")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
