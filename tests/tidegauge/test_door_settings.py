"""How one is let in at Kafka and Redis is checked before anybody knocks, and told at once."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path

import pytest
from redis.asyncio.connection import SSLConnection, parse_url

from streams.schema import ConfigurationError
from tests.certificates import KEY_PASSWORD, Authority
from tidegauge.assembly import load_checked, worker_settings
from tidegauge.kafka_door import brokers
from tidegauge.redis_door import redis_url
from tidegauge.settings import Settings
from tidegauge.settings_sources import load_settings

SASL = {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_USERNAME": "tide", "KAFKA_PASSWORD": "hush"}


def environment(values: Mapping[str, object]) -> dict[str, str]:
    return {f"TIDEGAUGE_{name}": str(value) for name, value in values.items()}


def checked(**values: object) -> Settings:
    return load_checked(None, environment(values))


def problems(**values: object) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        checked(**values)
    return [str(problem) for problem in caught.value.problems]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def test_sasl_without_tls_is_refused_by_name_and_by_what_it_would_take() -> None:
    (told,) = problems(KAFKA_SECURITY_PROTOCOL="SASL_PLAINTEXT")
    assert told.endswith(
        "must be one of PLAINTEXT, SSL, SASL_SSL (SASL without TLS is refused), "
        "not 'SASL_PLAINTEXT'"
    )
    for protocol in ("PLAINTEXT", "SSL"):
        (told,) = problems(**SASL | {"KAFKA_SECURITY_PROTOCOL": protocol})
        assert told.startswith("kafka: `username` and `password` need `security_protocol` SASL_SSL")


def test_half_of_what_a_door_needs_is_told_with_the_other_half(authority: Authority) -> None:
    certificate, key = authority.sign("us")
    for without in ("KAFKA_USERNAME", "KAFKA_PASSWORD"):
        told = problems(**{name: value for name, value in SASL.items() if name != without})
        assert told == ["kafka: `security_protocol` SASL_SSL needs `username` and `password`"]
    pair = "`certificate_file` and `key_file` belong together"
    (told_kafka,) = problems(KAFKA_SECURITY_PROTOCOL="SSL", KAFKA_KEY_FILE=key)
    (told_redis,) = problems(REDIS_URL="rediss://cache", REDIS_CERTIFICATE_FILE=certificate)
    assert told_kafka.startswith(f"kafka: {pair}")
    assert told_redis.startswith(f"redis: {pair}")
    assert problems(REDIS_USERNAME="tide") == ["redis: `username` needs `password`"]


def test_files_for_tls_without_tls_are_told(authority: Authority) -> None:
    assert problems(KAFKA_CA_FILE=authority.file, REDIS_CA_FILE=authority.file) == [
        "kafka: files for TLS need `security_protocol` SSL or SASL_SSL",
        "redis: files for TLS need a `url` that begins with rediss://",
    ]


def test_a_user_of_redis_stands_in_one_place() -> None:
    told = problems(REDIS_URL="redis://:hush@cache", REDIS_PASSWORD="hush")
    assert told == ["redis: `url` names a user or a password, too: keep it in one place"]


@pytest.mark.parametrize(
    ("section", "door"),
    [
        ("kafka", {"KAFKA_SECURITY_PROTOCOL": "SSL"}),
        ("redis", {"REDIS_URL": "rediss://cache"}),
    ],
)
def test_files_that_cannot_be_used_are_told_with_their_keys(
    authority: Authority, tmp_path: Path, section: str, door: dict[str, object]
) -> None:
    us, others = authority.sign("us", encrypted=True), authority.sign("others")
    text = tmp_path / "text.pem"
    text.write_text("no certificate")

    def told(**files: object) -> list[str]:
        return problems(**door | {f"{section}_{name}".upper(): v for name, v in files.items()})

    absent = tmp_path / "absent.pem"
    assert told(ca_file=absent, certificate_file=tmp_path, key_file=us.key) == [
        f"{section}.ca_file: {absent} cannot be read: No such file or directory",
        f"{section}.certificate_file: {tmp_path} cannot be read: Is a directory",
    ]
    assert told(ca_file=text, certificate_file=us.certificate, key_file=others.key) == [
        f"{section}.ca_file: {text} holds no certificate in PEM",
        f"{section}.key_file: {others.key} is not the key of `certificate_file`",
    ]
    locked = f"{section}.key_file: {us.key} is encrypted: `key_password` is missing or wrong"
    pair = {"certificate_file": us.certificate, "key_file": us.key}
    assert told(**pair) == [locked]
    assert told(**pair, key_password="wrong-secret") == [locked]
    assert told(certificate_file=text, key_file=others.key) == [
        f"{section}.key_file: {text} and {others.key} hold no certificate with its key, in PEM"
    ]


def test_what_is_right_is_what_clients_are_made_with(authority: Authority) -> None:
    us = authority.sign("us", encrypted=True)
    files: dict[str, object] = {
        "CA_FILE": authority.file,
        "CERTIFICATE_FILE": us.certificate,
        "KEY_FILE": us.key,
    }
    files["KEY_PASSWORD"] = KEY_PASSWORD
    kafka = {f"KAFKA_{name}": value for name, value in files.items()}
    client = brokers(checked(**SASL | kafka)).client()
    assert client["sasl_mechanism"] == "SCRAM-SHA-512"
    assert client["sasl_plain_password"] == "hush"
    assert "hush" not in str(client)  # kafka-python logs it
    context = client["ssl_context"]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert len(context.get_ca_certs()) == 1


def test_user_and_files_of_redis_reach_its_client_whatever_is_in_them(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "a &b%20?=c")
    url = "rediss://cache:6380/1?socket_keepalive=yes"
    given = {"URL": url, "USERNAME": "us:er", "PASSWORD": "p@ss/%?", "CA_FILE": authority.file}
    found = parse_url(redis_url(checked(**{f"REDIS_{name}": v for name, v in given.items()})))
    assert found == {
        "connection_class": SSLConnection,
        "db": 1,
        "host": "cache",
        "password": "p@ss/%?",
        "port": 6380,
        "socket_keepalive": True,
        "ssl_ca_certs": str(authority.file),
        "username": "us:er",
    }
    assert redis_url(checked(REDIS_URL=url)) == url


@pytest.mark.parametrize("option", ["ssl_cert_reqs=none", "ssl_check_hostname=false"])
def test_the_url_of_redis_leaves_no_check_of_its_certificate_out(option: str) -> None:
    with pytest.raises(ConfigurationError, match=r"redis\.url: must have no `ssl_` options"):
        checked(REDIS_URL=f"rediss://cache/0?{option}")


SECRETS = {
    "KAFKA_PASSWORD": "hush-1",
    "KAFKA_KEY_PASSWORD": "hush-2",
    "REDIS_PASSWORD": "hush-3",
    "REDIS_KEY_PASSWORD": "hush-4",
    "REDIS_URL": "redis://:hush-5@cache",
    "PERSON_HASH_KEY": "hush-6",
}


def test_no_secret_is_shown_with_the_settings_or_with_what_they_become() -> None:
    settings = load_settings(None, environment(SECRETS))
    assert "hush" not in repr(settings)
    assert "hush" not in repr(worker_settings(settings))
    assert "hush" not in repr(brokers(settings).certificates)


@pytest.mark.parametrize("name", SECRETS)
def test_a_mistaken_secret_is_not_repeated(tmp_path: Path, name: str) -> None:
    section, _, key = name.partition("_")
    file = tmp_path / "tidegauge.toml"
    file.write_text(f'[{section}]\n{key} = ["hush"]\n'.lower())
    with pytest.raises(ConfigurationError) as caught:
        load_checked(str(file), {})
    assert "hush" not in str(caught.value)
    too_long = "hush" * 20 if name == "PERSON_HASH_KEY" else " "
    assert not any("hush" in told for told in problems(**{name: too_long}))
