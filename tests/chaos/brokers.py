"""Three real Kafka brokers with a controller apart, so that the quorum outlives any of them.

Each broker listens twice: for us and the other brokers, and for workers, who are told to come
through a proxy of ours. All data stays over `kill()` and `start()`.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple, Self

import confluent_kafka
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

from tests.chaos.process_state import state_of
from tests.chaos.proxy import Proxy
from tests.chaos.small_disk import SmallDisk
from tests.integration.pipeline import wait_for
from tests.kafka_server import CLUSTER_ID, LOG_OPTION, java_binary, kafka_libraries
from tidegauge.embedded import KAFKA_ANSWER, KAFKA_QUESTION
from tidegauge.loopback_server import LoopbackServer, free_port

CONTROLLER_ID = 100
BROKERS = 3
SOURCE = {"retention.ms": "-1", "min.insync.replicas": "2"}
JAVA_OPTIONS = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
COMMON = """
controller.quorum.voters={controller_id}@127.0.0.1:{controller_port}
controller.listener.names=CONTROLLER
node.id={node}
log.dirs={data}/log
log.initial.task.delay.ms=5000
min.insync.replicas=2
"""
CONTROLLER = """
process.roles=controller
listeners=CONTROLLER://127.0.0.1:{controller_port}
"""
# Whoever dies is noticed within seconds. Two of three replicas are enough to acknowledge.
BROKER = """
process.roles=broker
listeners=DIRECT://127.0.0.1:{port},WORKERS://127.0.0.1:{workers_port}
advertised.listeners=DIRECT://127.0.0.1:{port},WORKERS://127.0.0.1:{proxy_port}
listener.security.protocol.map=DIRECT:PLAINTEXT,WORKERS:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=DIRECT
auto.create.topics.enable=false
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=5000
default.replication.factor=3
replica.lag.time.max.ms=5000
replica.fetch.max.bytes=9000000
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=6
offsets.topic.replication.factor=3
share.coordinator.state.topic.min.isr=2
share.coordinator.state.topic.replication.factor=3
transaction.state.log.min.isr=2
transaction.state.log.num.partitions=3
transaction.state.log.replication.factor=3
log.index.size.max.bytes=1048576
log.cleaner.backoff.ms=5000
log.cleaner.dedupe.buffer.size=8388608
log.cleaner.threads=1
"""


class Replicas(NamedTuple):
    """Of a partition, by the numbers of brokers; no leader is -1."""

    leader: int
    in_sync: set[int]


class Node(LoopbackServer):
    """One Kafka process; `settings` are its own beside the common ones."""

    question, answer = KAFKA_QUESTION, KAFKA_ANSWER
    start_seconds_max = 120.0
    stop_seconds_max = 30.0

    def __init__(self, node: int, heap_megabytes: int, data: Path) -> None:
        super().__init__()
        self.node, self.data = node, data
        self.name = f"Kafka node {node}"
        self._heap = ["-Xms64m", f"-Xmx{heap_megabytes}m"]
        self._java, self._libraries = java_binary(), kafka_libraries()

    def format(self, settings: str) -> None:
        """Prepare the data folder."""
        properties = self.data / "server.properties"
        properties.write_text(settings)
        command = [*self._program("kafka.tools.StorageTool"), "format", "-t", CLUSTER_ID]
        subprocess.run([*command, "-c", properties], check=True, capture_output=True, timeout=180)

    def command(self) -> list[str]:
        return [*self._program("kafka.Kafka"), str(self.data / "server.properties")]

    def _program(self, name: str) -> list[str]:
        libraries = ["-cp", f"{self._libraries}/*"]
        return [self._java, *self._heap, *JAVA_OPTIONS, LOG_OPTION, *libraries, name]

    @property
    def running(self) -> bool:
        """Whether it has been started and has not ended by itself."""
        return self._process is not None and self._process.poll() is None

    def wait(self, seconds: float) -> int | None:
        """Its exit code once it has ended by itself; None when it has not by then."""
        assert self._process is not None
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def freeze(self) -> None:
        """Let it stand still; returns once it does."""
        self.send_signal(signal.SIGSTOP)
        wait_for("the broker stands still", lambda: self.state() == "T", 5)

    def thaw(self) -> None:
        """Let it go on."""
        self.send_signal(signal.SIGCONT)

    def state(self) -> str:
        """Its state as the system tells it: T while it stands still."""
        assert self._process is not None
        return state_of(self._process.pid)


class Broker(Node):
    """A broker, and the proxy that workers go through."""

    def __init__(self, node: int, controller_port: int, data: Path) -> None:
        super().__init__(node, 256, data)
        self.workers_port = free_port()
        self.proxy = Proxy(self.workers_port)
        self.settings = (COMMON + BROKER).format(
            controller_id=CONTROLLER_ID,
            controller_port=controller_port,
            node=node,
            data=data,
            port=self.port,
            workers_port=self.workers_port,
            proxy_port=self.proxy.port,
        )


class Cluster:
    """`with` it. The data of the last broker lies on a disk of its own, where one may be had."""

    def __init__(self, disk_megabytes: int = 0) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tidegauge-chaos-"))
        self._stack = ExitStack()
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self._disk_megabytes = disk_megabytes
        self.disk: SmallDisk | None = None
        self.controller: Node
        self.brokers: list[Broker] = []

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self) -> None:
        self.controller = Node(CONTROLLER_ID, 160, self._data(CONTROLLER_ID))
        port = self.controller.port
        settings = (COMMON + CONTROLLER).format(
            controller_id=CONTROLLER_ID,
            controller_port=port,
            node=CONTROLLER_ID,
            data=self.controller.data,
        )
        self.controller.format(settings)
        self._stack.enter_context(self.controller)
        for node in range(1, BROKERS + 1):
            data = self._data(node)
            if node == BROKERS and self._disk_megabytes:
                self.disk = self._stack.enter_context(SmallDisk(data, self._disk_megabytes))
            broker = Broker(node, port, data)
            self._stack.enter_context(broker.proxy)
            self.brokers.append(broker)
        with ThreadPoolExecutor() as pool:
            list(pool.map(self._begin, self.brokers))
        settings = {"bootstrap.servers": self.direct, "log_level": 0}
        self._admin = AdminClient(settings | {"socket.timeout.ms": 10_000})

    def _begin(self, broker: Broker) -> None:
        broker.format(broker.settings)
        self._stack.enter_context(broker)

    def _data(self, node: int) -> Path:
        data = self.folder / str(node)
        data.mkdir()
        return data

    @property
    def direct(self) -> str:
        """Where we connect."""
        return ",".join(f"127.0.0.1:{broker.port}" for broker in self.brokers)

    @property
    def proxied(self) -> str:
        """Where workers connect."""
        return ",".join(f"127.0.0.1:{broker.proxy.port}" for broker in self.brokers)

    def create_topic(self, topic: str, partitions: int) -> None:
        """Create a topic, replicated, that keeps records of any age."""
        wanted = NewTopic(topic, partitions, BROKERS, config=SOURCE)
        for future in self._admin.create_topics([wanted]).values():
            future.result(60)

    def replicas(self, topic: str) -> dict[int, Replicas]:
        """Who leads and who follows, by partition; raises KafkaException when nobody answers."""
        found = self._admin.list_topics(topic, timeout=10).topics[topic].partitions
        return {number: Replicas(one.leader, set(one.isrs)) for number, one in found.items()}

    def delete_records(self, topic: str, before: Mapping[int, int]) -> None:
        """Let a topic begin at these offsets."""
        wanted = [TopicPartition(topic, number, offset) for number, offset in before.items()]
        for future in self._admin.delete_records(wanted).values():
            future.result(60)

    def beginnings(self, topic: str, numbers: Iterable[int]) -> dict[int, int]:
        """The first offsets of partitions."""
        asked = {TopicPartition(topic, n): OffsetSpec.earliest() for n in numbers}
        found = self._admin.list_offsets(asked).items()
        return {partition.partition: future.result(30).offset for partition, future in found}

    def broker(self, node: int) -> Broker:
        """The broker of this number."""
        return self.brokers[node - 1]

    def is_whole(self, *topics: str) -> bool:
        """Whether every partition of these topics has all its replicas in sync."""
        try:
            found = [one for topic in topics for one in self.replicas(topic).values()]
        except confluent_kafka.KafkaException:
            return False
        return all(one.leader > 0 and len(one.in_sync) == BROKERS for one in found)
