"""Whose password it is, and that those who try wrong ones keep nobody out."""

from __future__ import annotations

import asyncio

import bcrypt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.doors.passwords import (
    HASH,
    MOST_WAITING,
    MOST_WAITING_OF_ONE,
    TooManyLogins,
    Users,
)
from exporters.doors.rate import INTERVAL, Bucket, seconds
from tests.exporters.doors.made_up import hashed

HERE = "127.0.0.1"
SLOW = bcrypt.hashpw(b"slow", bcrypt.gensalt(10)).decode()


def knows(hashes: dict[str, str], name: str, password: str) -> bool:
    return asyncio.run(Users(hashes).know(name, password, HERE))


@pytest.mark.parametrize("password", ["a", "sécret ⚓", "with:colon", "with\0zero", "long" * 40])
def test_a_user_is_known_by_the_right_password_only(password: str) -> None:
    hashes = {"ada": hashed("x"), "bob": HASHES[password]}
    assert knows(hashes, "bob", password)
    assert not knows(hashes, "ada", password)
    assert not knows(hashes, "cy", password)
    assert not knows(hashes, "bob", password[:-1] if len(password) < 72 else password[:71])
    assert not knows(hashes, "bob", "")


# As other tools hash them, which read no more of it than bcrypt does.
HASHES = {
    one: bcrypt.hashpw(one.encode()[:72], bcrypt.gensalt(4)).decode()
    for one in ("a", "sécret ⚓", "with:colon", "with\0zero", "long" * 40)
}


def test_those_who_try_are_logged_once_in_a_while_and_without_what_they_tried(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def run() -> None:
        users = Users({"ada": HASHES["a"]})
        for name in ("ada", "hush", "hush"):
            assert not await users.know(name, "hush", "10.0.0.7")

    asyncio.run(run())
    assert caplog.messages == ["logins refused: 1, the last one from 10.0.0.7"]


@pytest.mark.parametrize("prefix", ["$2a$", "$2b$", "$2y$"])
def test_hashes_of_all_tools_are_understood(prefix: str) -> None:
    made = HASHES["a"].replace("$2b$", prefix)
    assert HASH.accepts(made)
    assert knows({"ada": made}, "ada", "a")


@settings(deadline=None, max_examples=200)
@given(st.from_regex(r"\$2y\$04\$[./A-Za-z0-9]{53}", fullmatch=True))
def test_what_is_taken_for_a_hash_can_be_checked(text: str) -> None:
    if HASH.accepts(text):
        assert not knows({"ada": text}, "ada", "x")


def test_one_who_is_known_does_not_wait_for_those_who_try() -> None:
    async def run() -> None:
        users = Users({"ada": hashed("right"), "bob": SLOW})
        assert await users.know("ada", "right", HERE)
        trying = [
            asyncio.create_task(users.know(name, "wrong", f"10.0.0.{number}"))
            for number in range(6)
            for name in ("bob", "nobody")
        ]
        await asyncio.sleep(0)
        assert await users.know("ada", "right", HERE)
        assert not any(task.done() for task in trying)
        assert not any(await asyncio.gather(*trying))

    asyncio.run(run())


def test_so_many_passwords_wait_and_fewer_of_one_address() -> None:
    async def run() -> None:
        users = Users({"bob": SLOW})
        async with users._one_at_a_time:  # nothing is checked meanwhile
            tries = [
                asyncio.create_task(users.know("bob", "wrong", f"10.0.0.{number // 4}"))
                for number in range(MOST_WAITING)
            ]
            await asyncio.sleep(0)
            with pytest.raises(TooManyLogins):
                await users.know("bob", "slow", HERE)
            for task in tries[MOST_WAITING_OF_ONE:]:
                task.cancel()
            await asyncio.gather(*tries[MOST_WAITING_OF_ONE:], return_exceptions=True)
            with pytest.raises(TooManyLogins):
                await users.know("bob", "slow", "10.0.0.0")
        assert await users.know("bob", "slow", HERE)
        assert not any(await asyncio.gather(*tries[:MOST_WAITING_OF_ONE]))
        assert await users.know("bob", "slow", "10.0.0.0")

    asyncio.run(run())


@given(
    st.floats(0.001, 100), st.integers(1, 50), st.lists(st.floats(0, 50), min_size=1, max_size=100)
)
def test_in_no_stretch_of_time_more_is_taken_than_the_burst_and_what_was_gained(
    interval: float, burst: int, pauses: list[float]
) -> None:
    bucket, now, taken = Bucket(interval, burst), 1_000.0, []
    for pause in pauses:
        now += pause
        if bucket.take(now):
            taken.append(now)
    for first, at in enumerate(taken):
        for last in range(first, len(taken)):
            gained = (taken[last] - at) / interval
            assert last - first + 1 <= burst + gained + 1e-6
    assert len(taken) >= min(burst, len(pauses))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1s", 1.0), ("500ms", 0.5), ("1m30s", 90.0), ("1.5h", 5400.0), ("0", 0.0), (0, 0.0)],
)
def test_a_duration_is_read_as_go_writes_it(text: str | int, expected: float) -> None:
    assert INTERVAL.accepts(text)
    assert seconds(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "1", "s", "-1s", "1 s", "1d", 1, 1.5, True, None])
def test_what_is_no_duration_is_not_taken_for_one(text: object) -> None:
    assert not INTERVAL.accepts(text)
