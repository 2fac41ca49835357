"""Settings become what the layers below take, or a list of all that is wrong with them."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from streams.event import Event
from streams.schema import ConfigurationError
from tidegauge.assembly import folding, hash_key_weakness, load_checked, worker_settings
from tidegauge.doors import exporter_door
from tidegauge.settings import Settings

PATHS = {"message_id": "id", "user": "who.id", "time": "at", "name": "what"}


def problems(**changes: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        folding(replace(Settings(), **changes))
    return [str(problem) for problem in caught.value.problems]


def decode(record: dict[str, Any], **changes: Any) -> Event:
    (event,) = folding(replace(Settings(), **changes)).decode([json.dumps(record).encode()])
    assert isinstance(event, Event), event
    return event


def test_a_custom_format_reads_where_its_paths_lead() -> None:
    record = {"id": "1", "who": {"id": "ada"}, "at": "2026-03-01T00:00:00Z", "what": "Signed Up"}
    event = decode(record, source_format="custom", source_paths=PATHS)
    assert (event.kind, event.name, event.person, event.message_id) == (
        *("track", "Signed Up", "ada", "1"),
    )
    assert event.time == 1_772_323_200_000


def test_a_custom_format_may_keep_traits_apart_from_properties() -> None:
    paths = PATHS | {"kind": "kind", "properties": "data", "traits": "who.says"}
    record = {"id": "1", "kind": "identify", "at": "2026-03-01T00:00:00Z"}
    who = {"id": "ada", "says": {"plan": "pro"}}
    custom: dict[str, Any] = {"source_format": "custom", "source_paths": paths}
    event = decode(record | {"who": who}, **custom)
    route = folding(replace(Settings(), **custom)).router.by_name[event.kind, event.name]
    assert "pro" in route.extract(event.said)


def test_cloudevents_are_read_without_paths() -> None:
    record = {"id": "1", "type": "Signed Up", "time": "2026-03-01T00:00:00Z"}
    event = decode(record | {"data": {"userId": "ada"}}, source_format="cloudevents")
    assert (event.name, event.person) == ("Signed Up", "ada")


@pytest.mark.parametrize(
    ("key", "person"),
    [("user_else_anonymous", "u"), ("anonymous_else_user", "a"), ("user_only", "u")],
)
def test_the_person_is_who_the_key_says(key: str, person: str) -> None:
    record = {"type": "page", "messageId": "1", "userId": "u", "anonymousId": "a"}
    assert decode(record, person_key=key).person == person


def test_a_custom_format_without_its_paths_names_those_that_are_missing() -> None:
    assert problems(source_format="custom", source_paths={"user": "u"}) == [
        "source: a custom format needs paths for message_id, time, name"
    ]


def test_paths_need_the_custom_format() -> None:
    (told,) = problems(source_paths=PATHS)
    assert told.startswith("source: paths (message_id, user, time, name) need `format = ")


def test_a_path_through_another_is_told() -> None:
    paths = PATHS | {"name": "who.id.name"}
    assert problems(source_format="custom", source_paths=paths) == [
        "source: path 'who.id.name' leads through 'who.id', which is read as a value"
    ]


@pytest.mark.parametrize(
    ("zone", "hint"),
    [
        ("Europe/Berln", "did you mean 'Europe/Berlin'?"),
        ("../../etc/passwd", "a name such as 'Europe/Paris' is needed"),
        ("UTC+1", "did you mean "),
    ],
)
def test_a_misspelt_time_zone_is_told_with_a_close_one(zone: str, hint: str) -> None:
    (told,) = problems(reporting_timezone=zone)
    assert told.startswith(f"reporting.timezone: no time zone {zone!r}; {hint}")


def test_a_wrong_zone_and_a_wrong_catalogue_are_told_together() -> None:
    told = problems(reporting_timezone="nowhere", catalogue={"mine.toml": {"labels": {"team": {}}}})
    assert [text.split(":")[0] for text in told] == ["reporting.timezone", "mine.toml"]


def test_the_hash_of_a_person_depends_on_the_key() -> None:
    keys = ("a", "b", "é" * 32)
    hashes = [folding(replace(Settings(), person_hash_key=key)).hash_person("ada") for key in keys]
    assert len(set(hashes)) == len(keys)


def test_a_worker_is_named_after_its_host_when_nobody_names_it() -> None:
    assert worker_settings(Settings()).instance == f"tidegauge-{socket.gethostname()}-9481"
    assert worker_settings(replace(Settings(), worker_instance="w1")).instance == "w1"


def test_a_worker_is_told_where_to_serve_and_what_to_accept() -> None:
    told = worker_settings(replace(Settings(), worker_bind="[::1]:9481"), accept_dead_letters=5)
    assert (told.host, told.port, told.accept_dead_letters) == ("::1", 9481, 5)


@pytest.mark.parametrize(
    ("bind", "expected"),
    [("0.0.0.0:9480", ("0.0.0.0", 9480)), ("[::]:1", ("::", 1)), ("host:0", ("host", 0))],  # noqa: S104 - an example
)
def test_an_address_is_a_host_and_a_port(bind: str, expected: tuple[str, int]) -> None:
    door = exporter_door(replace(Settings(), exporter_bind=bind))
    assert (door.host, door.port) == expected
    assert door.bind == bind


@pytest.mark.parametrize("name", ["watched_seen", "launch_seen", "records", "up"])
def test_a_metric_by_the_name_of_what_is_exported_already_is_refused(
    name: str, tmp_path: Path
) -> None:
    kind = "count" if name == "records" else "distinct"
    about = f'title = "x"\ndefinition = "x."\nformula = "x"\nkind = "{kind}"'
    file = tmp_path / "mine.toml"
    file.write_text(f'[metrics.{name}]\n{about}\nevents = [{{ name = "X" }}]\n')
    with pytest.raises(ConfigurationError) as caught:
        load_checked(str(file), {})
    assert "is exported already; rename it" in str(caught.value)


@pytest.mark.parametrize(
    ("key", "weakness"),
    [("tidegauge", "is not set"), ("a" * 15, "has fewer than 16 bytes"), ("é" * 8, None)],
)
def test_a_key_that_can_be_guessed_is_warned_of(key: str, weakness: str | None) -> None:
    told = hash_key_weakness(replace(Settings(), person_hash_key=key))
    if weakness is None:
        assert told is None
    else:
        assert told is not None
        assert told.startswith(f"person.hash_key {weakness}")
        assert "openssl rand" in told
