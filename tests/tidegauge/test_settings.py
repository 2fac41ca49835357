"""Settings come from one file and the environment; whatever is wrong is told at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from streams.schema import ConfigurationError
from tidegauge.assembly import load_checked
from tidegauge.settings import DECLARED, Settings
from tidegauge.settings_sources import load_settings

# One value for each setting that is not its default, as TOML and as text.
OTHERS: dict[str, tuple[str, str, Any]] = {
    "kafka.bootstrap": ('"a:1,b:2"', "a:1,b:2", "a:1,b:2"),
    "kafka.topic": ('"clicks"', "clicks", "clicks"),
    "kafka.application": ('"gauge.2"', "gauge.2", "gauge.2"),
    "kafka.replication_factor": ("3", "3", 3),
    "kafka.idempotent": ("false", "False", False),
    "kafka.security_protocol": ('"SSL"', "SSL", "SSL"),
    "kafka.ca_file": ('"ca.pem"', "ca.pem", "ca.pem"),
    "kafka.certificate_file": ('"us.pem"', "us.pem", "us.pem"),
    "kafka.key_file": ('"us.key"', "us.key", "us.key"),
    "kafka.key_password": ('"öpen"', "öpen", "öpen"),
    "kafka.sasl_mechanism": ('"SCRAM-SHA-256"', "SCRAM-SHA-256", "SCRAM-SHA-256"),
    "kafka.username": ('"tide"', "tide", "tide"),
    "kafka.password": ('"s=cr,t"', "s=cr,t", "s=cr,t"),
    "redis.url": ('"rediss://:p%40ss@cache:6380/1"',) + ("rediss://:p%40ss@cache:6380/1",) * 2,
    "redis.prefix": ('"gauge"', "gauge", "gauge"),
    "redis.username": ('"tide"', "tide", "tide"),
    "redis.password": ('"p@ss/%"', "p@ss/%", "p@ss/%"),
    "redis.ca_file": ('"ca.pem"', "ca.pem", "ca.pem"),
    "redis.certificate_file": ('"us.pem"', "us.pem", "us.pem"),
    "redis.key_file": ('"us.key"', "us.key", "us.key"),
    "redis.key_password": ('"öpen"', "öpen", "öpen"),
    "reporting.timezone": ('"Asia/Kathmandu"', "Asia/Kathmandu", "Asia/Kathmandu"),
    "person.key": ('"user_only"', "user_only", "user_only"),
    "person.hash_key": ('"sécret"', "sécret", "sécret"),
    "source.format": ('"cloudevents"', "cloudevents", "cloudevents"),
    "worker.bind": ('"[::1]:19481"', "[::1]:19481", "[::1]:19481"),
    "worker.web_config": ('"web.yml"', "web.yml", "web.yml"),
    "worker.insecure_bind": ("true", "true", True),
    "worker.instance": ('"one"', "one", "one"),
    "worker.checkpoint_seconds": ("5", "5", 5.0),
    "worker.publish_seconds": ("0.5", "0.5", 0.5),
    "worker.session_seconds": ("10.5", "10.5", 10.5),
    "worker.max_dead_letter_ratio": ("0.25", "0.25", 0.25),
    "worker.max_dead_letters_in_a_row": ("7", "7", 7),
    "exporter.bind": ('"0.0.0.0:0"', "0.0.0.0:0", "0.0.0.0:0"),
    "exporter.web_config": ('"web.yml"', "web.yml", "web.yml"),
    "exporter.insecure_bind": ("true", "true", True),
    "exporter.stale_after_seconds": ("90", "90", 90.0),
    "exporter.notes": ('"notes.toml"', "notes.toml", "notes.toml"),
    "public.bind": ('"127.0.0.1:9482"', "127.0.0.1:9482", "127.0.0.1:9482"),
    "public.web_config": ('"web.yml"', "web.yml", "web.yml"),
    "public.insecure_bind": ("true", "true", True),
    "public.metrics": (
        '["active_users", "shares"]',
        "active_users, shares",
        ("active_users", "shares"),
    ),
    "public.minimum_group": ("25", "25", 25),
}

WRONG = {
    "kafka.bootstrap": ['""', "9092", '"localhost"', '"a:1,"', '"a:99999"', '"a:²"', '["a:1"]'],
    "kafka.topic": ['""', '"two words"', '".."', '"café"', "true", f'"{"x" * 250}"'],
    "kafka.application": ['"a/b"', "1"],
    "kafka.replication_factor": ["0", "-1", "1.5", '"3"', "true"],
    "kafka.idempotent": ['"no"', "0", "1"],
    "kafka.security_protocol": ['"SASL_PLAINTEXT"', '"ssl"', "true"],
    "kafka.ca_file": ['""', "[]"],
    "kafka.sasl_mechanism": ['"GSSAPI"', '""'],
    "redis.prefix": ['" "', "{}"],
    "person.key": ['"email"', "[]"],
    "person.hash_key": ['""'],
    "source.format": ['"avro"', "2024-01-01"],
    "worker.bind": ['"9481"', '":9481"', '"127.0.0.1:70000"', "9481", '"a b:1"', '"a:-1"'],
    "worker.web_config": ['""', "1"],
    "worker.insecure_bind": ['"yes"', "1"],
    "worker.checkpoint_seconds": ["0", "-1", "inf", "nan", '"1"', "true"],
    "worker.max_dead_letter_ratio": ["0", "1.01", "nan", '"half"'],
    "worker.max_dead_letters_in_a_row": ["-1", "0.5", "false"],
    "exporter.bind": ['"localhost"'],
    "exporter.stale_after_seconds": ["[60]", "inf"],
    "exporter.notes": ['""', "[]"],
    "public.bind": ['"9482"', '""'],
    "public.metrics": ['"active_users"', "[1]", '[""]'],
    "public.minimum_group": ["0", '"10"'],
}


def variable(key: str) -> str:
    return "TIDEGAUGE_" + key.replace(".", "_").upper()


def read(path: Path, text: str, environment: Mapping[str, str] | None = None) -> Settings:
    path.write_text(text, encoding="utf-8")
    return load_settings(str(path), environment or {})


def problems(path: str | None, environment: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load_checked(path, environment or {})
    return [str(problem) for problem in caught.value.problems]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tidegauge.toml"


def test_the_examples_here_cover_every_setting() -> None:
    assert OTHERS.keys() == DECLARED.keys()


@pytest.mark.parametrize("key", OTHERS)
def test_a_setting_is_read_from_the_file(file: Path, key: str) -> None:
    section, _, name = key.partition(".")
    settings = read(file, f"[{section}]\n{name} = {OTHERS[key][0]}\n")
    assert getattr(settings, DECLARED[key].name) == OTHERS[key][2]


@pytest.mark.parametrize("key", OTHERS)
def test_a_setting_is_read_from_the_environment(key: str) -> None:
    settings = load_settings(None, {variable(key): OTHERS[key][1]})
    value = getattr(settings, DECLARED[key].name)
    assert value == OTHERS[key][2]
    assert isinstance(value, type(OTHERS[key][2]))


@pytest.mark.parametrize("key", OTHERS)
def test_a_setting_is_read_from_a_file_that_the_environment_names(tmp_path: Path, key: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text(OTHERS[key][1] + "\n", encoding="utf-8")
    settings = load_settings(None, {variable(key) + "_FILE": str(secret)})
    assert getattr(settings, DECLARED[key].name) == OTHERS[key][2]


def test_without_file_and_environment_everything_has_its_default() -> None:
    assert load_settings(None, {"PATH": "/bin", "TIDEGAUG_X": "1"}) == Settings()


def test_the_environment_wins_over_the_file(file: Path) -> None:
    settings = read(
        file,
        '[kafka]\ntopic = "from-file"\napplication = "from-file"\n',
        {"TIDEGAUGE_KAFKA_TOPIC": "from-environment"},
    )
    assert settings.kafka_topic == "from-environment"
    assert settings.kafka_application == "from-file"


def test_the_environment_names_the_file_when_no_option_does(file: Path, tmp_path: Path) -> None:
    file.write_text('[kafka]\ntopic = "clicks"\n')
    assert load_settings(None, {"TIDEGAUGE_CONFIG": str(file)}).kafka_topic == "clicks"
    absent = {"TIDEGAUGE_CONFIG": str(tmp_path / "absent")}
    assert load_settings(str(file), absent).kafka_topic == "clicks"


@pytest.mark.parametrize(("key", "value"), [(key, v) for key, vs in WRONG.items() for v in vs])
def test_a_wrong_value_in_the_file_is_told_with_file_and_key(
    file: Path, key: str, value: str
) -> None:
    section, _, name = key.partition(".")
    file.write_text(f"[{section}]\n{name} = {value}\n", encoding="utf-8")
    found = problems(str(file))
    assert len(found) == 1
    assert found[0].startswith(f"{file}: {key}: must be ")


@pytest.mark.parametrize("key", [key for key in WRONG if key != "redis.prefix"])
def test_a_wrong_value_in_the_environment_is_told_with_its_variable(key: str) -> None:
    wrong = {str: "", bool: "maybe", int: "1.5", float: "soon", tuple: ""}[
        type(DECLARED[key].default)
    ]
    found = problems(None, {variable(key): wrong})
    assert [text.split(" must be ")[0] for text in found] == [f"{variable(key)}:"]
    assert found[0].endswith(f"not {wrong!r}") != DECLARED[key].metadata["accepts"].secret


def test_what_the_public_is_to_see_must_be_metrics_that_tell_of_a_known_group(file: Path) -> None:
    file.write_text(
        '[public]\nbind = "127.0.0.1:9482"\nmetrics = ["active_user", "revenue", "shares"]\n'
    )
    unknown, unsized = problems(str(file))
    assert unknown.endswith("there is no metric 'active_user'; did you mean 'active_users'?")
    assert unsized.startswith("public.metrics: 'revenue' cannot be shown: how many people ")


def test_a_public_address_needs_metrics_to_show() -> None:
    (told,) = problems(None, {"TIDEGAUGE_PUBLIC_BIND": "127.0.0.1:9482"})
    assert told == "public: `bind` needs `metrics`: the names of those to show"


def test_everything_wrong_is_told_at_once(file: Path) -> None:
    file.write_text(
        'extra = 1\nlabels = 3\n[kafka]\ntopik = "x"\nreplication_factor = 0\n[worker]\nbind = 1\n'
        '[reporting]\ntimezone = "Europe/Berln"\n[metrics.sales]\ntitle = "Sales"\n'
    )
    environment = {
        "TIDEGAUGE_PERSON_KEY": "email",
        "TIDEGAUGE_KAFKA_TOPICS": "x",
        "TIDEGAUGE_PERSON_HASH_KEY_FILE": str(file.parent / "absent"),
        "TIDEGAUGE_REDIS_URL": "redis://:secret@cache:port",
    }
    told = problems(str(file), environment)
    for expected in (
        f"{file}: unknown key 'extra'; known are ",
        f"{file}: kafka: unknown key 'topik'; did you mean 'topic'?",
        f"{file}: kafka.replication_factor: must be a whole number of at least 1, not 0",
        f"{file}: labels: must be a table, not 3",
        f"{file}: worker.bind: must be host:port, such as 127.0.0.1:9480, not 1",
        f"{file}: metrics.sales: needs 'definition'",
        "reporting.timezone: no time zone 'Europe/Berln'; did you mean 'Europe/Berlin'?",
        "TIDEGAUGE_PERSON_KEY: must be one of user_else_anonymous, ",
        "TIDEGAUGE_KAFKA_TOPICS: is no setting of tidegauge; did you mean 'TIDEGAUGE_KAFKA_TOPIC'?",
        f"TIDEGAUGE_PERSON_HASH_KEY_FILE: {file.parent / 'absent'} cannot be read: No such file",
        "redis.url: must be an address such as redis://127.0.0.1:6379",
    ):
        assert any(text.startswith(expected) for text in told), expected
    assert not any("secret" in text for text in told)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"[kafka\n", "is not TOML: "),
        (b"\xff\xfe", "is not TOML: 'utf-8' codec can't decode"),
        (b"a = " + b"9" * 5_000, "is not TOML: Exceeds the limit"),
        (b"a = 1\na = 2\n", "is not TOML: "),
        (b"a = " + b"[" * 2_000, "is not TOML: it is nested too deeply"),
        (b"a = 0x" + b"f" * 4_000, "is not TOML: a number is beyond 64 bits"),
    ],
)
def test_a_file_that_is_no_toml_is_told_with_its_name(file: Path, content: bytes, why: str) -> None:
    file.write_bytes(content)
    (told,) = problems(str(file))
    assert told.startswith(f"{file}: {why}")


def test_a_file_that_cannot_be_read_is_told_with_its_name(tmp_path: Path) -> None:
    absent = str(tmp_path / "absent.toml")
    assert problems(absent) == [f"{absent}: cannot be read: No such file or directory"]
    assert problems(str(tmp_path)) == [f"{tmp_path}: cannot be read: Is a directory"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_told_with_its_name(file: Path) -> None:
    file.touch(mode=0)
    assert problems(str(file)) == [f"{file}: cannot be read: Permission denied"]


def test_a_secret_file_that_is_no_text_is_told_with_its_variable(tmp_path: Path) -> None:
    binary = tmp_path / "key"
    binary.write_bytes(b"\xff")
    told = problems(None, {"TIDEGAUGE_PERSON_HASH_KEY_FILE": str(binary)})
    assert told == [f"TIDEGAUGE_PERSON_HASH_KEY_FILE: {binary} is not UTF-8"]
    told = problems(None, {"TIDEGAUGE_REDIS_URL_FILE": str(tmp_path)})
    assert told == [f"TIDEGAUGE_REDIS_URL_FILE: {tmp_path} cannot be read: Is a directory"]


@pytest.mark.parametrize(
    "url", ["localhost:6379", "redis://h:99999", "redis://:secret@h:p", "redis://[::1", "http://h"]
)
def test_an_address_that_is_none_of_redis_is_told_without_showing_it(url: str) -> None:
    (told,) = problems(None, {"TIDEGAUGE_REDIS_URL": url})
    assert told.startswith("redis.url: must be an address such as redis://127.0.0.1:6379")
    assert url not in told


def test_secrets_are_not_shown_with_the_settings() -> None:
    secrets = {"TIDEGAUGE_REDIS_URL": "redis://:hush@h", "TIDEGAUGE_PERSON_HASH_KEY": "hush"}
    assert "hush" not in repr(load_settings(None, secrets))


def test_variables_that_kubernetes_sets_for_services_are_left_alone() -> None:
    links = {
        "TIDEGAUGE_WORKER_PORT": "tcp://10.0.0.1:9481",
        "TIDEGAUGE_WORKER_PORT_9481_TCP": "tcp://10.0.0.1:9481",
        "TIDEGAUGE_WORKER_PORT_9481_TCP_ADDR": "10.0.0.1",
        "TIDEGAUGE_WORKER_SERVICE_HOST": "10.0.0.1",
        "TIDEGAUGE_WORKER_SERVICE_PORT": "9481",
        "TIDEGAUGE_WORKER_SERVICE_PORT_METRICS": "9481",
    }
    assert load_settings(None, links) == Settings()
    (told,) = problems(None, {"TIDEGAUGE_WORKER_PORT": "9481"})
    assert told.startswith("TIDEGAUGE_WORKER_PORT: is no setting of tidegauge")


def test_a_name_that_cannot_be_printed_stands_escaped_in_one_line() -> None:
    (told,) = problems(None, {"TIDEGAUGE_WORKE\rR_BIND": "1"})
    assert told.isprintable()
    assert told.startswith(r"'TIDEGAUGE_WORKE\rR_BIND': is no setting of tidegauge")


def test_the_catalogue_stands_in_the_same_file_under_its_name(file: Path) -> None:
    settings = read(file, '[goals]\ntrial = "Trial Started"\n[kafka]\ntopic = "clicks"\n')
    assert settings.catalogue == {str(file): {"goals": {"trial": "Trial Started"}}}
    assert settings.kafka_topic == "clicks"


def test_paths_of_a_custom_format_stand_beside_it(file: Path) -> None:
    settings = read(
        file, '[source]\nformat = "custom"\nuser = "who.id"\ntime = "at"\nproperties = "data"\n'
    )
    assert settings.source_format == "custom"
    assert settings.source_paths == {"user": "who.id", "time": "at", "properties": "data"}
