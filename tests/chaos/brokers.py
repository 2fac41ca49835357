"""Three real Kafka brokers with a controller apart, so that the quorum outlives any of them.

Each broker listens twice: for us and the other brokers, and for workers, who are told to come
through a proxy of ours. All data stays over `kill()` and `start()`.
"""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Self

import confluent_kafka
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

from tests.chaos.keeper import Keeper
from tests.chaos.node import Node
from tests.chaos.proxy import Proxy
from tests.chaos.small_disk import SmallDisk
from tests.integration.pipeline import wait_for
from tidegauge.loopback_server import free_port

log = logging.getLogger(__name__)

CONTROLLER_ID = 100
BROKERS = 3
SOURCE = {"retention.ms": "-1", "min.insync.replicas": "2"}
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
        self._stack.enter_context(Keeper("rm -rf", self.folder))
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
        self._admin = self._client()

    def _client(self) -> AdminClient:
        client: dict[str, Any] = {"bootstrap.servers": self.direct, "log_level": 0}
        return AdminClient(client | {"socket.timeout.ms": 10_000})

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
        """Who leads and who follows, by partition."""
        told = wait_for("somebody tells of the topic", lambda: self._describe(topic), 60)
        found = told[0].partitions
        return {number: Replicas(one.leader, set(one.isrs)) for number, one in found.items()}

    def _describe(self, topic: str) -> tuple[Any, ...]:
        """What the cluster says of a topic; nothing when nobody answers."""
        try:
            return (self._admin.list_topics(topic, timeout=10).topics[topic],)
        except confluent_kafka.KafkaException:
            return ()

    def delete_records(self, topic: str, before: Mapping[int, int]) -> None:
        """Let a topic begin at these offsets."""
        wanted = [TopicPartition(topic, number, offset) for number, offset in before.items()]
        for future in self._admin.delete_records(wanted).values():
            future.result(60)

    def beginnings(self, topic: str, numbers: Iterable[int]) -> dict[int, int]:
        """The first offsets of partitions."""
        return self._offsets(topic, numbers, OffsetSpec.earliest())

    def ends(self, topic: str, numbers: Iterable[int]) -> dict[int, int]:
        """The offsets of what comes next."""
        return self._offsets(topic, numbers, OffsetSpec.latest())

    def _offsets(self, topic: str, numbers: Iterable[int], which: OffsetSpec) -> dict[int, int]:
        wanted = {TopicPartition(topic, number): which for number in numbers}
        return wait_for("somebody tells of offsets", partial(self._told, wanted), 60)

    def _told(self, wanted: Mapping[TopicPartition, OffsetSpec]) -> dict[int, int]:
        """What leaders answer; nothing unless all do: one may be elected just now."""
        found = self._admin.list_offsets(wanted)
        try:
            return {one.partition: future.result(30).offset for one, future in found.items()}
        except confluent_kafka.KafkaException as error:
            log.info("offsets are not told: %s", error)
            self._admin = self._client()  # one asked with the same old epoch for a minute
            time.sleep(1)
            return {}

    def broker(self, node: int) -> Broker:
        """The broker of this number."""
        return self.brokers[node - 1]

    def is_whole(self, *topics: str) -> bool:
        """Whether every partition of these topics has all its replicas in sync."""
        found = [one for topic in topics for one in self.replicas(topic).values()]
        return all(one.leader > 0 and len(one.in_sync) == BROKERS for one in found)
