"""The producer of commands that write to the source topic."""

import collections
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError

from agents.brokers import Brokers
from agents.settings import Refusal
from agents.topics import KafkaUnreachable, count_partitions

ACKNOWLEDGE_SECONDS = 120
CONNECT_SECONDS = 5
WAITING_LIMIT = 20_000


class CannotConnect(Exception):
    """There is no Kafka at the address; the message says what to do."""


def connect(brokers: Brokers) -> Any:
    """Return a producer whose records are acknowledged by all replicas and keep their order."""
    if not any(map(_listening, brokers.addresses)):
        raise CannotConnect(
            f"nothing listens at {brokers}; start Kafka there or name another host:port"
        )
    try:
        return KafkaProducer(
            **brokers.client(),
            acks="all",
            # The embedded broker has no idempotent producers. With one request in flight,
            # retries do not change the order.
            enable_idempotence=False,
            max_in_flight_requests_per_connection=1,
            allow_auto_create_topics=False,
            # kafka-python computes checksums in Python, over the compressed bytes: sending
            # compressed is almost twice as fast.
            compression_type="gzip",
            linger_ms=10,
            batch_size=131_072,
            bootstrap_timeout_ms=10_000,
            max_block_ms=5_000,
            delivery_timeout_ms=ACKNOWLEDGE_SECONDS * 1000 - 10_000,
            metrics_enabled=False,
        )
    except KafkaError as error:
        raise CannotConnect(
            f"what listens at {brokers} is no usable Kafka ({error!r}); name another address"
        ) from error


@contextmanager
def connected(brokers: Brokers, topic: str) -> Iterator[Any]:
    """A producer for a topic that is there; raises Refusal otherwise."""
    try:
        count_partitions(brokers, topic)
        producer = connect(brokers)
    except (KafkaUnreachable, CannotConnect) as error:
        raise Refusal(str(error)) from error
    try:
        yield producer
    finally:
        producer.close(timeout=5)


class Sending:
    """Sends records by their keys, and waits for each to be acknowledged."""

    def __init__(self, producer: Any, topic: str, tell: Callable[[int], None]) -> None:
        self.acknowledged = 0
        self._producer, self._topic, self._tell = producer, topic, tell
        self._waiting: collections.deque[Any] = collections.deque()

    def send(self, records: Iterable[tuple[bytes, bytes]]) -> None:
        """Return when all are acknowledged; raises KafkaError when one cannot be."""
        for key, value in records:
            self._waiting.append(self._producer.send(self._topic, key=key, value=value))
            if len(self._waiting) >= WAITING_LIMIT:
                self._settle_first()
        while self._waiting:
            self._settle_first()

    def _settle_first(self) -> None:
        self._waiting.popleft().get(ACKNOWLEDGE_SECONDS)
        self.acknowledged += 1
        self._tell(self.acknowledged)


def _listening(address: str) -> bool:
    # KafkaProducer would try for half a minute, and leave its sockets open when it gives up.
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
    except (OSError, ValueError):
        return False
    return True
