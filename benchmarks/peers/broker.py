"""The broker all are measured at: a real Kafka where Java and Maven are there."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from tests.kafka_server import KafkaMissing, RealKafka
from tidegauge.embedded import EmbeddedBroker


class Broker(NamedTuple):
    """Where it is, and what it is."""

    bootstrap: str
    name: str
    is_real: bool
    pid: int


class LastingKafka(RealKafka):
    """With the compiler that pays off when it runs for minutes, and a heap that stays bounded."""

    java_options = ("-Xms1g", "-Xmx1g", "-XX:+UseSerialGC")


@contextmanager
def broker() -> Iterator[Broker]:
    """A real Kafka, or else the embedded broker."""
    try:
        kafka = LastingKafka()
    except KafkaMissing:
        with EmbeddedBroker() as embedded:
            name = "embedded (Tansu, in memory)"
            yield Broker(embedded.bootstrap, name, is_real=False, pid=embedded.pid)
    else:
        with kafka:
            name = "Apache Kafka, one node"
            yield Broker(kafka.bootstrap, name, is_real=True, pid=kafka.pid)
