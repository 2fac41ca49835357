"""How settings say that Kafka lets tidegauge in, and why that cannot be."""

from collections.abc import Iterator

from agents.brokers import PLAINTEXT, SASL_SSL, SSL, Brokers
from exporters.certificates import Certificates
from streams.schema import Problem
from tidegauge.settings import Settings


def brokers(settings: Settings) -> Brokers:
    """What clients of Kafka are made with."""
    return Brokers(
        settings.kafka_bootstrap,
        settings.kafka_security_protocol,
        _certificates(settings),
        settings.kafka_sasl_mechanism,
        settings.kafka_username,
        settings.kafka_password,
    )


def kafka_problems(settings: Settings) -> Iterator[Problem]:
    """What does not go together, and files that cannot be used."""
    protocol, named = settings.kafka_security_protocol, settings.kafka_username
    if protocol == SASL_SSL and not (named and settings.kafka_password):
        yield Problem("kafka", f"`security_protocol` {SASL_SSL} needs `username` and `password`")
    if protocol != SASL_SSL and (named or settings.kafka_password):
        right = f"`username` and `password` need `security_protocol` {SASL_SSL}"
        yield Problem("kafka", f"{right}: without TLS they could be overheard")
    certificates = _certificates(settings)
    if protocol != PLAINTEXT:
        yield from certificates.problems("kafka")
    elif certificates != Certificates():
        right = f"files for TLS need `security_protocol` {SSL} or {SASL_SSL}"
        yield Problem("kafka", right)


def _certificates(settings: Settings) -> Certificates:
    return Certificates(
        settings.kafka_ca_file,
        settings.kafka_certificate_file,
        settings.kafka_key_file,
        settings.kafka_key_password,
    )
