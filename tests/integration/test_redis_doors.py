"""Redis lets in those users that are documented, by TLS, to do what they need and nothing else."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, ResponseError

from exporters.connection import FAILURES, connect, describe
from exporters.keys import script
from tests.certificates import Authority
from tests.conftest import program
from tests.locked_redis import MADE_BY, LockedRedis, documented_users
from tidegauge.redis_door import redis_url
from tidegauge.settings_sources import load_settings

pytestmark = pytest.mark.redis

PREFIX = "gauge"
SHIPPED = MADE_BY.with_name("users.acl")


@pytest.fixture(scope="module")
def locked_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LockedRedis]:
    folder = tmp_path_factory.mktemp("doors-of-redis")
    with LockedRedis(program("redis", "redis-server"), folder, PREFIX) as server:
        yield server


def url_of(settings: dict[str, str], **more: str) -> str:
    environment = {f"TIDEGAUGE_{name}": value for name, value in (settings | more).items()}
    return redis_url(load_settings(None, environment))


async def ask(url: str, *command: object) -> object:
    client: Redis = connect(url, 5)
    try:
        return await client.execute_command(*command)  # type: ignore[no-untyped-call,unused-ignore]
    finally:
        await client.aclose()


def asked(url: str, *command: object) -> object:
    return asyncio.run(ask(url, *command))


def test_the_users_that_are_shipped_are_those_that_are_documented() -> None:
    assert SHIPPED.read_text(encoding="utf-8") == documented_users()


def test_a_password_is_made_once_and_only_its_hash_is_told_to_redis(
    locked_redis: LockedRedis,
) -> None:
    passwords = [locked_redis.password_file(user).read_text() for user in ("worker", "exporter")]
    assert len({*passwords}) == 2
    assert all(len(password) == 64 for password in passwords)
    locked_redis.make_users(PREFIX)
    assert passwords == [locked_redis.password_file(u).read_text() for u in ("worker", "exporter")]
    assert not any(password in locked_redis.users_file.read_text() for password in passwords)


@pytest.mark.parametrize(
    "command",
    [
        ("GET", "other:source"),
        ("SET", "other:source", 1),
        ("EVAL", script("read"), 2, "other:a", "other:b", "", 0),
        ("EVAL", "return redis.call('GET', 'other:source')", 0),
        ("KEYS", "*"),
        ("SCAN", 0),
        ("CONFIG", "GET", "*"),
        ("ACL", "LIST"),
        ("FLUSHALL",),
        ("SLOWLOG", "RESET"),
        ("CLIENT", "LIST"),
        ("PUBLISH", f"{PREFIX}:x", 1),
        ("EVAL", "return redis.call('FLUSHALL')", 0),
    ],
    ids=lambda command: " ".join(map(str, command))[:40],
)
@pytest.mark.parametrize("user", ["worker", "exporter"])
def test_foreign_keys_and_other_commands_are_refused(
    locked_redis: LockedRedis, user: str, command: tuple[object, ...]
) -> None:
    with pytest.raises(ResponseError, match=r"(?i)permission|can't (run|access)"):
        asked(url_of(locked_redis.settings(user)), *command)


@pytest.mark.parametrize(
    "command",
    [
        ("SET", f"{PREFIX}:source", 1),
        ("DEL", f"{PREFIX}:source"),
        ("HSET", f"{PREFIX}:g:0", "offset", 1),
        ("EVAL", script("commit"), 4, *(f"{PREFIX}:{x}" for x in "abcd")),
        ("EVAL_RO", f"return redis.call('SET', '{PREFIX}:source', 1)", 1, f"{PREFIX}:source"),
        ("EXPIRE", f"{PREFIX}:source", 1),
    ],
    ids=lambda command: " ".join(map(str, command))[:40],
)
def test_an_exporter_cannot_write(locked_redis: LockedRedis, command: tuple[object, ...]) -> None:
    worker = url_of(locked_redis.settings("worker"))
    asked(worker, "SET", f"{PREFIX}:source", "there")
    with pytest.raises(ResponseError):
        asked(url_of(locked_redis.settings("exporter")), *command)
    assert asked(worker, "GET", f"{PREFIX}:source") == b"there"


# A connection that TLS refuses waits for the other side's farewell, and its event loop ends first.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_nobody_comes_in_without_a_name_a_password_and_tls(
    locked_redis: LockedRedis, tmp_path: Path
) -> None:
    right = locked_redis.settings("exporter")
    stranger = Authority(tmp_path).file
    without_ca = {name: value for name, value in right.items() if name != "REDIS_CA_FILE"}
    without_us = {n: v for n, v in right.items() if "KEY" not in n and "CERT" not in n}
    nameless = {n: v for n, v in right.items() if "USERNAME" not in n and "PASSWORD" not in n}
    other = {n: v for n, v in right.items() if n != "REDIS_PASSWORD_FILE"}
    by_another_name = locked_redis.url.replace("127.0.0.1", "localhost")
    for settings, advice in (
        (nameless, "redis.username and redis.password"),
        (other | {"REDIS_PASSWORD": "wrong"}, "redis.username and redis.password"),
        (without_ca, "redis.ca_file and redis.certificate_file"),
        (right | {"REDIS_CA_FILE": str(stranger)}, "redis.ca_file and redis.certificate_file"),
        (without_us, "redis.ca_file and redis.certificate_file"),
        (right | {"REDIS_URL": by_another_name}, "redis.ca_file and redis.certificate_file"),
    ):
        with pytest.raises(FAILURES) as caught:
            asked(url_of(settings), "PING")
        told = describe(caught.value)
        assert f"see {advice}" in told
        assert "wrong" not in told.replace("WRONGPASS", "").replace("wrong version", "")
    assert asked(url_of(right), "PING") is True
    gc.collect()  # here, not in the midst of another test


def test_a_right_that_is_missing_is_told_with_the_page_that_lists_it(
    locked_redis: LockedRedis,
) -> None:
    with pytest.raises(NoPermissionError) as caught:
        asked(url_of(locked_redis.settings("worker")), "KEYS", "*")
    assert describe(caught.value).endswith("give the user the rights that docs/doors.md lists")
