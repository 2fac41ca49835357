"""A Redis user is told apart by what it can do there, and nothing is left behind."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from io import StringIO

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError
from rich.console import Console

from exporters.keys import script
from exporters.redis_rights import READS, RedisRights, try_rights
from tests.conftest import program
from tests.locked_redis import LockedRedis
from tidegauge.check import show_redis
from tidegauge.embedded import EmbeddedRedis
from tidegauge.redis_door import redis_url
from tidegauge.settings_sources import load_settings

pytestmark = pytest.mark.redis

PREFIX = "gauge"
OTHER = f"~{PREFIX}:*", "~other:*"
COMMAND = re.compile(r"redis\.call\('(\w+)'")
USERS = [
    ("exporter", "+eval_ro", "", "run the 'eval_ro'"),
    ("exporter", "+zrangebyscore", "", "run the 'zrangebyscore'"),
    ("exporter", *OTHER, "the keys"),
    ("worker", "+eval", "", "run the 'eval'"),
    ("worker", "+hincrby", "", "can't run this command"),
    ("worker", "+zrem", "", "can't run this command"),
    ("worker", "+multi", "", "EXEC without MULTI"),
    ("worker", *OTHER, "the keys"),
]
"""Like which user, without which right, with which instead, and what it is told."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LockedRedis]:
    folder = tmp_path_factory.mktemp("rights-in-redis")
    redis = LockedRedis(program("redis", "redis-server"), folder, PREFIX)
    for number, (like, without, instead, _) in enumerate(USERS):
        redis.add_user(f"user-{number}", like, without=without, instead=instead)
    with redis:
        yield redis


def url_of(server: LockedRedis, like: str, **more: str) -> str:
    settings = server.settings(like) | more
    environment = {f"TIDEGAUGE_{name}": value for name, value in settings.items()}
    return redis_url(load_settings(None, environment))


def tried(server: LockedRedis, like: str, **more: str) -> RedisRights:
    return asyncio.run(try_rights(url_of(server, like, **more), PREFIX, 5))


def shown(url: str) -> tuple[bool, list[str]]:
    """What `tidegauge check` makes of it, and says."""
    console = Console(file=StringIO(), soft_wrap=True, record=True)
    is_useful = show_redis(console, url, PREFIX)
    return is_useful, console.export_text().splitlines()


def test_the_documented_users_can_do_one_thing_each(server: LockedRedis) -> None:
    exporter, worker = tried(server, "exporter"), tried(server, "worker")
    assert exporter.reading is worker.writing is None
    assert "no permissions" in (exporter.writing or "")
    assert "no permissions to run the 'eval_ro' command" in (worker.reading or "")


@pytest.mark.parametrize("number", range(len(USERS)), ids=lambda n: " ".join(USERS[n][:2]))
def test_a_user_that_lacks_a_right_is_told_which(server: LockedRedis, number: int) -> None:
    like, *_, named = USERS[number]
    found = tried(server, like, REDIS_USERNAME=f"user-{number}")
    assert found.reading is not None
    assert found.writing is not None
    told = found.reading if like == "exporter" else found.writing
    assert named in told
    assert told.endswith("give the user the rights that docs/doors.md lists")


def test_who_can_do_everything_leaves_nothing_behind(embedded_redis: EmbeddedRedis) -> None:
    with Redis.from_url(embedded_redis.url) as redis:
        before = set(redis.keys("*"))
        assert asyncio.run(try_rights(embedded_redis.url, PREFIX, 5)) == (None, None)
        assert set(redis.keys(f"{PREFIX}:*")) <= before


def test_every_command_of_the_reading_script_is_tried() -> None:
    assert {command for command, *_ in READS} == set(COMMAND.findall(script("read")))


def test_a_check_says_for_what_the_user_serves(server: LockedRedis) -> None:
    is_useful, lines = shown(url_of(server, "worker"))
    assert is_useful
    assert lines[0].startswith("· Redis: an exporter cannot read as this user: ")
    assert lines[1:] == ["✓ Redis: a worker can write as this user"]
    is_useful, lines = shown(url_of(server, "exporter"))
    assert is_useful
    assert lines[0] == "✓ Redis: an exporter can read as this user"
    assert lines[1].startswith("· Redis: a worker cannot write as this user: ")


def test_a_check_fails_where_the_user_serves_nobody(server: LockedRedis) -> None:
    is_useful, lines = shown(url_of(server, "exporter", REDIS_USERNAME="user-0"))
    assert not is_useful
    assert all(line.startswith("✗ Redis: ") for line in lines)
    assert len(lines) == 2
    is_useful, lines = shown(url_of(server, "worker", REDIS_USERNAME="nobody"))
    assert not is_useful
    assert lines[0].startswith("✗ Redis: ")
    assert lines[0].endswith("see redis.username and redis.password")


def test_who_is_not_let_in_is_told_so(server: LockedRedis) -> None:
    with pytest.raises(AuthenticationError):
        tried(server, "worker", REDIS_USERNAME="tidegauge-exporter")
