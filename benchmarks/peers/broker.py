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
            yield Broker(embedded.bootstrap, "embedded (Tansu, in memory)", is_real=False)
    else:
        with kafka:
            yield Broker(kafka.bootstrap, "Apache Kafka, one node", is_real=True)
