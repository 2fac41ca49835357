"""Settings from a TOML file and the environment; every problem is reported at once.

A setting `key` of section `[section]` is also the environment variable `TIDEGAUGE_SECTION_KEY`,
which wins; with `_FILE` at its end the variable names a file that holds the value, for secrets.
"""

import difflib
import math
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_args

from redis.asyncio.connection import parse_url

from streams.catalogue_file import SECTIONS
from streams.schema import TEXT, TEXTS, ConfigurationError, Field, Problem, check
from streams.schema import WHOLE as AT_LEAST_ONE
from streams.wire import PersonKey

ENVIRONMENT = "TIDEGAUGE_"
LARGEST_PORT = 65_535
LONGEST_KEY_BYTES = 64
SERVICE_LINK = re.compile(r"\w+(_SERVICE_(HOST|PORT\w*)=|_PORT_\d+_\w+=|_PORT=\w+://).*", re.DOTALL)
"""Kubernetes sets such variables for a Service that is called tidegauge; they are not ours."""
SECRETS = ("redis.url", "person.hash_key")
"""Left out of `repr`, so that they do not end in a log."""
PERSON_KEYS = get_args(PersonKey)
FORMATS = ("segment", "cloudevents", "custom")
SOURCE_PATHS = (
    *("message_id", "user", "time", "kind", "name", "anonymous", "original_time", "sent_at"),
    *("received_at", "bot", "user_agent", "properties", "traits"),
)


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and value > 0


def _is_address(value: Any) -> bool:
    found = re.fullmatch(r"\S+:([0-9]{1,5})", value) if isinstance(value, str) else None
    return found is not None and int(found[1]) <= LARGEST_PORT


def _is_addresses(value: Any) -> bool:
    return isinstance(value, str) and all(_is_address(part) for part in value.split(","))


def _is_topic(value: Any) -> bool:
    return (
        isinstance(value, str)
        and re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{,199}", value) is not None
    )


NUMBER = Field(_is_number, "a number above 0")
WHOLE = Field(lambda x: isinstance(x, int) and not isinstance(x, bool) and x >= 0, "a whole number")
SESSION = Field(lambda x: _is_number(x) and 6 <= x <= 90, "a number from 6 to 90")  # noqa: PLR2004 - Kafka's least, Faust's most
RATIO = Field(lambda x: _is_number(x) and x <= 1, "a number above 0 and at most 1")
FLAG = Field(lambda x: isinstance(x, bool), "true or false")
ANYTHING = Field(lambda _: True, "anything")
KEY = Field(
    lambda x: TEXT.accepts(x) and len(x.encode()) <= LONGEST_KEY_BYTES,
    f"a text of at most {LONGEST_KEY_BYTES} bytes",
)
ADDRESS = Field(_is_address, "host:port, such as 127.0.0.1:9480")
ADDRESSES = Field(_is_addresses, "host:port, several separated by commas")
TOPIC = Field(_is_topic, "at most 200 letters, digits, dots, dashes and underscores")


def _choice(words: tuple[str, ...]) -> Field:
    return Field(lambda x: x in words, f"one of {', '.join(words)}")


def setting(default: Any, key: str, accepts: Field, meaning: str) -> Any:
    """Declare a setting: its default, `section.key`, what it may be and what it means."""
    return field(
        default=default,
        repr=key not in SECRETS,
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
    redis_url: str = setting("redis://127.0.0.1:6379", "redis.url", TEXT, "The snapshot store.")
    redis_prefix: str = setting(
        "tidegauge", "redis.prefix", TEXT, "Beginning of every key; one per deployment."
    )
    reporting_timezone: str = setting(
        "UTC", "reporting.timezone", TEXT, "Where local days begin and end (IANA name)."
    )
    person_key: str = setting(
        "user_else_anonymous", "person.key", _choice(PERSON_KEYS), "Which id makes a person."
    )
    person_hash_key: str = setting(
        "tidegauge", "person.hash_key", KEY, "Secret under which person ids are hashed."
    )
    source_format: str = setting(
        "segment", "source.format", _choice(FORMATS), "Shape of the records."
    )
    worker_bind: str = setting("127.0.0.1:9481", "worker.bind", ADDRESS, "Where a worker serves.")
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
    exporter_stale_after_seconds: float = setting(
        60.0, "exporter.stale_after_seconds", NUMBER, "Older snapshots make the metrics absent."
    )
    exporter_notes: str = setting(
        "", "exporter.notes", TEXT, "File of notes for the page, TOML; none if not given."
    )
    public_bind: str = setting(
        "", "public.bind", ADDRESS, "Where the public page is served; nowhere if not given."
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
ENVIRONMENT_NAMES = frozenset(
    ENVIRONMENT + key.replace(".", "_").upper() + suffix
    for key in DECLARED
    for suffix in ("", "_FILE")
) | {f"{ENVIRONMENT}CONFIG"}


def load_settings(path: str | None, environment: Mapping[str, str]) -> Settings:
    """Read settings; raises ConfigurationError with every problem found."""
    settings, problems = read_settings(path, environment)
    if problems:
        raise ConfigurationError(problems)
    return settings


def read_settings(
    path: str | None, environment: Mapping[str, str]
) -> tuple[Settings, list[Problem]]:
    """Read settings and every problem; a setting that has one is left at its default.

    `path` is the TOML file (else TIDEGAUGE_CONFIG, else none).
    """
    problems: list[Problem] = []
    path = path or environment.get(f"{ENVIRONMENT}CONFIG")
    document = _read(path, problems) if path else {}
    values = _from_file(str(path), document, problems)
    values |= _from_environment(environment, problems)
    problems.extend(_redis_problems(values))
    catalogue = {
        section: document[section]
        for section in SECTIONS
        if isinstance(document.get(section), dict)
    }
    if catalogue:
        values["catalogue"] = {str(path): catalogue}
    return Settings(**values), problems


def _read(path: str, problems: list[Problem]) -> dict[str, Any]:
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(Problem(path, f"cannot be read: {error.strerror}"))
    except ValueError as error:  # no UTF-8, no TOML, or a number of too many digits
        problems.append(Problem(path, f"is not TOML: {error}"))
    return {}


def _from_file(path: str, document: dict[str, Any], problems: list[Problem]) -> dict[str, Any]:
    sections: dict[str, dict[str, Field]] = {}
    for key, declared in DECLARED.items():
        section, _, name = key.partition(".")
        sections.setdefault(section, {})[name] = declared.metadata["accepts"]
    sections["source"] |= dict.fromkeys(SOURCE_PATHS, TEXT)
    tables = check(document, dict.fromkeys((*sections, *SECTIONS), ANYTHING), path, problems)
    problems.extend(
        Problem(f"{path}: {section}", f"must be a table, not {tables[section]!r}")
        for section in SECTIONS
        if not isinstance(tables.get(section, {}), dict)
    )
    values: dict[str, Any] = {}
    for section, keys in sections.items():
        found = check(tables.get(section, {}), keys, f"{path}: {section}", problems)
        if section == "source":
            values["source_paths"] = {k: found.pop(k) for k in SOURCE_PATHS if k in found}
        values |= {
            DECLARED[f"{section}.{key}"].name: tuple(value) if isinstance(value, list) else value
            for key, value in found.items()
        }
    return values


def _from_environment(environment: Mapping[str, str], problems: list[Problem]) -> dict[str, Any]:
    values = {}
    for key, declared in DECLARED.items():
        name = ENVIRONMENT + key.replace(".", "_").upper()
        text = environment.get(name)
        if text is not None and f"{name}_FILE" in environment:
            problems.append(Problem(name, f"and {name}_FILE are both set: keep one of them"))
        if text is None and f"{name}_FILE" in environment:
            text = _secret(f"{name}_FILE", environment[f"{name}_FILE"], problems)
        if text is None:
            continue
        accepts: Field = declared.metadata["accepts"]
        value = _convert(text, type(declared.default))
        if accepts.accepts(list(value) if isinstance(value, tuple) else value):
            values[declared.name] = value
        else:
            problems.append(Problem(name, f"must be {accepts.expected}, not {text!r}"))
    problems.extend(
        Problem(name, f"is no setting of tidegauge{_suggestion(name)}")
        for name in sorted(environment.keys() - ENVIRONMENT_NAMES)
        if name.startswith(ENVIRONMENT)
        and not SERVICE_LINK.fullmatch(f"{name}={environment[name]}")
    )
    return values


def _suggestion(name: str) -> str:
    close = difflib.get_close_matches(name, ENVIRONMENT_NAMES, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _redis_problems(values: Mapping[str, Any]) -> list[Problem]:
    try:
        parse_url(values.get("redis_url", Settings.redis_url))
    except ValueError:  # nothing of the URL is shown: it may hold a password
        right = f"must be an address such as {Settings.redis_url}, a password percent-encoded"
        return [Problem("redis.url", right)]
    return []


def _secret(name: str, path: str, problems: list[Problem]) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        problems.append(Problem(name, f"{path} cannot be read: {error.strerror}"))
    except UnicodeDecodeError:
        problems.append(Problem(name, f"{path} is not UTF-8"))
    return None


def _convert(text: str, kind: type) -> Any:
    if kind is bool:
        return {"true": True, "false": False}.get(text.lower(), text)
    if kind is tuple:
        return tuple(part.strip() for part in text.split(","))
    convert: Callable[[str], Any] = {int: int, float: float}.get(kind, str)
    try:
        return convert(text)
    except ValueError:
        return text
