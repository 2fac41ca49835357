"""Whoever Kafka does not let in is told why and what to do, by what the broker itself says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agents.administration import administration
from agents.brokers import Brokers
from agents.knocking import explain
from agents.settings import Refusal
from agents.topics import count_partitions
from exporters.certificates import Certificates
from tests.locked_kafka import LockedKafka
from tidegauge.kafka_door import brokers
from tidegauge.loopback_server import free_port
from tidegauge.settings_sources import load_settings

pytestmark = pytest.mark.kafka


def made(settings: dict[str, str]) -> Brokers:
    return brokers(load_settings(None, {f"TIDEGAUGE_{name}": v for name, v in settings.items()}))


@pytest.fixture
def by_password(locked_kafka: LockedKafka) -> Brokers:
    return made(locked_kafka.by_password)


@pytest.fixture
def by_certificate(locked_kafka: LockedKafka) -> Brokers:
    return made(locked_kafka.by_certificate(locked_kafka.authority.sign("us")))


def test_who_is_let_in_finds_nothing_wrong(by_password: Brokers, by_certificate: Brokers) -> None:
    for let_in in (by_password, by_certificate):
        assert explain(let_in) is None
        with pytest.raises(Refusal, match=f"there is no topic 'absent' at {let_in}"):
            count_partitions(let_in, "absent")


def test_a_wrong_user_or_password_is_told_with_its_settings(by_password: Brokers) -> None:
    for wrong in (replace(by_password, password="wrong"), replace(by_password, username="other")):
        told = explain(wrong) or ""
        assert told.startswith(f"Kafka at {wrong} refuses user '{wrong.username}' (Authentication")
        assert told.endswith("see kafka.username and kafka.password")
        assert wrong.password not in told


def test_another_mechanism_is_told_with_those_there_are(by_password: Brokers) -> None:
    told = explain(replace(by_password, mechanism="SCRAM-SHA-256")) or ""
    assert "takes no SCRAM-SHA-256, but SCRAM-SHA-512: set kafka.sasl_mechanism" in told


def test_a_broker_that_is_not_to_be_trusted_is_told_with_the_reason(
    locked_kafka: LockedKafka, by_password: Brokers, by_certificate: Brokers
) -> None:
    for trusted in ("", str(locked_kafka.stranger.file)):
        told = explain(replace(by_password, certificates=Certificates(trusted))) or ""
        assert "(unable to get local issuer certificate): kafka.ca_file must hold" in told
    renamed = by_password.bootstrap.replace("127.0.0.1", "localhost")
    told = explain(replace(by_password, bootstrap=renamed)) or ""
    assert told.endswith("name the brokers in kafka.bootstrap as their certificates do")
    old = replace(by_certificate, bootstrap=locked_kafka.address("EXPIRED"))
    told = explain(old) or ""
    assert told.endswith("(certificate has expired): renew the certificate of the brokers")


def test_a_certificate_that_a_broker_does_not_take_is_told_with_its_setting(
    locked_kafka: LockedKafka, by_certificate: Brokers
) -> None:
    without = Certificates(str(locked_kafka.authority.file))
    told = explain(replace(by_certificate, certificates=without)) or ""
    assert told.endswith("asks for a certificate, set kafka.certificate_file and kafka.key_file")
    old = locked_kafka.authority.sign("old", expired=True)
    for refused in (old, locked_kafka.stranger.sign("us-elsewhere")):
        told = explain(made(locked_kafka.by_certificate(refused))) or ""
        assert " refuses the certificate in kafka.certificate_file (sslv3 alert" in told
        assert told.endswith("it must not have expired, and the brokers must trust its authority")


def test_the_wrong_door_is_told_with_the_right_words(
    locked_kafka: LockedKafka, by_password: Brokers, by_certificate: Brokers
) -> None:
    open_door = Brokers(locked_kafka.bootstrap)
    by_both = replace(by_password, certificates=by_certificate.certificates)
    for knocking, door, right in (
        (by_both, by_certificate, "asks for no user there: set kafka.security_protocol to SSL"),
        (by_certificate, by_password, "asks for user and password: set kafka.security_protocol"),
        (by_password, open_door, "speaks no TLS there: name a port that does, or set"),
        (by_certificate, open_door, "speaks no TLS there: name a port that does, or set"),
        (open_door, by_password, "speaks TLS: set kafka.security_protocol to SSL or SASL_SSL"),
        (open_door, by_certificate, "speaks TLS: set kafka.security_protocol to SSL or SASL_SSL"),
    ):
        told = explain(replace(knocking, bootstrap=door.bootstrap)) or ""
        assert told.startswith(f"Kafka at {door} {right}")


def test_where_nobody_answers_or_all_is_right_there_is_nothing_to_explain(
    locked_kafka: LockedKafka, by_password: Brokers
) -> None:
    assert explain(Brokers(locked_kafka.bootstrap)) is None
    assert explain(replace(by_password, bootstrap=f"127.0.0.1:{free_port()}")) is None


def test_what_can_be_explained_is_not_to_be_tried_again(by_password: Brokers) -> None:
    with (
        pytest.raises(Refusal, match="refuses user 'tide'"),
        administration(replace(by_password, password="wrong")),
    ):
        raise AssertionError
