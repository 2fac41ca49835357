"""Every setting: its key, its default, what it may be and what it means.

A setting `key` of section `[section]` is also the environment variable `TIDEGAUGE_SECTION_KEY`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, get_args

from agents.brokers import MECHANISMS, PLAINTEXT, SCRAM_512
from streams.schema import TEXT, TEXTS, Field
from streams.schema import WHOLE as AT_LEAST_ONE
from streams.wire import PersonKey
from tidegauge.setting_kinds import (
    ADDRESS,
    ADDRESSES,
    FLAG,
    KEY,
    NUMBER,
    PROTOCOL,
    RATIO,
    SECRET,
    SESSION,
    TOPIC,
    WHOLE,
    choice,
)

ENVIRONMENT = "TIDEGAUGE_"
PERSON_KEYS = get_args(PersonKey)
SHARED_HASH_KEY = "tidegauge"
"""For trying only: it stands here, so it keeps nothing secret."""
FORMATS = ("segment", "cloudevents", "custom")


def setting(default: Any, key: str, accepts: Field, meaning: str) -> Any:
    """Declare a setting: its default, `section.key`, what it may be and what it means."""
    return field(
        default=default,
        repr=not accepts.secret,  # it would end in a log
        metadata={"key": key, "accepts": accepts, "meaning": meaning},
    )


@dataclass(frozen=True)
class Settings:
    """Everything that can be set."""

    kafka_bootstrap: str = setting(
        "127.0.0.1:9092", "kafka.bootstrap", ADDRESSES, "Brokers to begin with."
    )
    kafka_topic: str = setting("events", "kafka.topic", TOPIC, "The topic of product events.")
    kafka_application: str = setting(
        "tidegauge", "kafka.application", TOPIC, "Consumer group, and prefix of tidegauge's topics."
    )
    kafka_replication_factor: int = setting(
        1, "kafka.replication_factor", AT_LEAST_ONE, "Of topics tidegauge creates; 3 in production."
    )
    kafka_idempotent: bool = setting(
        default=True,
        key="kafka.idempotent",
        accepts=FLAG,
        meaning="Off for brokers without idempotent producers.",
    )
    kafka_security_protocol: str = setting(
        PLAINTEXT, "kafka.security_protocol", PROTOCOL, "How brokers are talked to."
    )
    kafka_ca_file: str = setting(
        "", "kafka.ca_file", TEXT, "Authorities brokers are trusted by, PEM; else the system's."
    )
    kafka_certificate_file: str = setting(
        "", "kafka.certificate_file", TEXT, "Shown to brokers that ask for one, PEM."
    )
    kafka_key_file: str = setting("", "kafka.key_file", TEXT, "The key of it, PEM.")
    kafka_key_password: str = setting(
        "", "kafka.key_password", SECRET, "Secret that opens the key, if it is encrypted."
    )
    kafka_sasl_mechanism: str = setting(
        SCRAM_512, "kafka.sasl_mechanism", choice(MECHANISMS), "What the user was made for."
    )
    kafka_username: str = setting("", "kafka.username", TEXT, "Who comes in, with SASL_SSL.")
    kafka_password: str = setting("", "kafka.password", SECRET, "The user's secret.")
    redis_url: str = setting("redis://127.0.0.1:6379", "redis.url", SECRET, "The snapshot store.")
    redis_prefix: str = setting(
        "tidegauge", "redis.prefix", TEXT, "Beginning of every key; one per deployment."
    )
    redis_username: str = setting(
        "", "redis.username", TEXT, "Who comes in, where the URL does not say so."
    )
    redis_password: str = setting("", "redis.password", SECRET, "The user's secret.")
    redis_ca_file: str = setting(
        "", "redis.ca_file", TEXT, "Authorities Redis is trusted by, PEM; else the system's."
    )
    redis_certificate_file: str = setting(
        "", "redis.certificate_file", TEXT, "Shown to a Redis that asks for one, PEM."
    )
    redis_key_file: str = setting("", "redis.key_file", TEXT, "The key of it, PEM.")
    redis_key_password: str = setting(
        "", "redis.key_password", SECRET, "Secret that opens the key, if it is encrypted."
    )
    reporting_timezone: str = setting(
        "UTC", "reporting.timezone", TEXT, "Where local days begin and end (IANA name)."
    )
    person_key: str = setting(
        "user_else_anonymous", "person.key", choice(PERSON_KEYS), "Which id makes a person."
    )
    person_hash_key: str = setting(
        SHARED_HASH_KEY,
        "person.hash_key",
        KEY,
        "Secret under which person ids are hashed: 16 bytes or more that nobody can guess.",
    )
    source_format: str = setting(
        "segment", "source.format", choice(FORMATS), "Shape of the records."
    )
    worker_bind: str = setting("127.0.0.1:9481", "worker.bind", ADDRESS, "Where a worker serves.")
    worker_web_config: str = setting(
        "", "worker.web_config", TEXT, "File with its TLS and users, YAML; none if not given."
    )
    worker_insecure_bind: bool = setting(
        default=False,
        key="worker.insecure_bind",
        accepts=FLAG,
        meaning="Let other machines ask without TLS and authentication.",
    )
    worker_instance: str = setting(
        "",
        "worker.instance",
        TEXT,
        "Name of this worker in the group, not shared by two; by default application-host-port.",
    )
    worker_checkpoint_seconds: float = setting(
        1.0, "worker.checkpoint_seconds", NUMBER, "What may have to be read again after a crash."
    )
    worker_publish_seconds: float = setting(
        0.25, "worker.publish_seconds", NUMBER, "How old a published number may be."
    )
    worker_session_seconds: float = setting(
        30.0, "worker.session_seconds", SESSION, "How long a dead worker's partitions wait."
    )
    worker_max_dead_letter_ratio: float = setting(
        0.5, "worker.max_dead_letter_ratio", RATIO, "More unreadable records stop the worker."
    )
    worker_max_dead_letters_in_a_row: int = setting(
        1_000, "worker.max_dead_letters_in_a_row", WHOLE, "So many in a row stop it too."
    )
    exporter_bind: str = setting(
        "127.0.0.1:9480", "exporter.bind", ADDRESS, "Where the exporter serves."
    )
    exporter_web_config: str = setting(
        "", "exporter.web_config", TEXT, "File with its TLS and users, YAML; none if not given."
    )
    exporter_insecure_bind: bool = setting(
        default=False,
        key="exporter.insecure_bind",
        accepts=FLAG,
        meaning="Let other machines ask without TLS and authentication.",
    )
    exporter_stale_after_seconds: float = setting(
        60.0, "exporter.stale_after_seconds", NUMBER, "Older snapshots make the metrics absent."
    )
    exporter_notes: str = setting(
        "", "exporter.notes", TEXT, "File of notes for the page, TOML; none if not given."
    )
    public_bind: str = setting(
        "", "public.bind", ADDRESS, "Where the public page is served; nowhere if not given."
    )
    public_web_config: str = setting(
        "", "public.web_config", TEXT, "File with its TLS, YAML; none if not given."
    )
    public_insecure_bind: bool = setting(
        default=False,
        key="public.insecure_bind",
        accepts=FLAG,
        meaning="Let other machines ask without TLS.",
    )
    public_metrics: tuple[str, ...] = setting(
        (), "public.metrics", TEXTS, "What it shows, in this order; commas between in a variable."
    )
    public_minimum_group: int = setting(
        10,
        "public.minimum_group",
        AT_LEAST_ONE,
        "Numbers that tell of fewer people or events are withheld from it.",
    )
    source_paths: Mapping[str, str] = field(default_factory=dict)
    """Dotted paths of a custom format, by the names of `streams.wire.WireFormat`."""
    catalogue: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    """The catalogue's tables of the configuration file, by the file's name."""


DECLARED = {f.metadata["key"]: f for f in fields(Settings) if f.metadata}
