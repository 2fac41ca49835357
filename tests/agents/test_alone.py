"""Being alone: one holder of a claim at a time, and none for long after its death."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable

import pytest
from redis.asyncio import Redis

from agents.alone import CLAIM_SECONDS, Alone
from agents.settings import Refusal
from exporters.connection import connect
from tidegauge.embedded import EmbeddedRedis
from tidegauge.loopback_server import free_port

KEYS = (f"alone-{number}" for number in itertools.count())
Act = Callable[[Redis, str], Awaitable[None]]


def run(url: str, act: Act) -> None:
    """Do it with a client and a key of its own."""

    async def with_client() -> None:
        redis = connect(url, 1.0)
        try:
            await act(redis, next(KEYS))
        finally:
            await redis.aclose()

    asyncio.run(with_client())


def test_a_second_one_is_refused_and_told_who_the_first_one_is(
    embedded_redis: EmbeddedRedis,
) -> None:
    async def act(redis: Redis, key: str) -> None:
        async with Alone(redis, key, "another rebuild", lambda: None):
            with pytest.raises(Refusal, match=r"another rebuild is running already \(.+ process"):
                await Alone(redis, key, "another rebuild", lambda: None).__aenter__()

    run(embedded_redis.url, act)


def test_the_next_one_may_begin_when_the_first_one_has_ended(embedded_redis: EmbeddedRedis) -> None:
    async def act(redis: Redis, key: str) -> None:
        for _ in range(2):
            async with Alone(redis, key, "it", lambda: None) as alone:
                await alone.check()
                assert 0 < await redis.ttl(key) <= CLAIM_SECONDS
        assert not await redis.exists(key)

    run(embedded_redis.url, act)


def test_the_claim_of_one_that_was_killed_is_waited_for(embedded_redis: EmbeddedRedis) -> None:
    async def act(redis: Redis, key: str) -> None:
        await redis.set(key, "somewhere, process 1 token", ex=2)
        waits: list[None] = []
        async with Alone(redis, key, "it", lambda: waits.append(None)) as alone:
            await alone.check()
        assert waits

    run(embedded_redis.url, act)


def test_who_lost_the_claim_to_another_one_is_told_and_leaves_that_one_alone(
    embedded_redis: EmbeddedRedis,
) -> None:
    async def act(redis: Redis, key: str) -> None:
        async with Alone(redis, key, "it", lambda: None) as alone:
            await redis.set(key, "somewhere, process 1 token")
            with pytest.raises(Refusal, match="somewhere, process 1"):
                await alone.check()
        assert await redis.get(key) == b"somewhere, process 1 token"

    run(embedded_redis.url, act)


def test_a_claim_that_redis_forgot_is_made_again(embedded_redis: EmbeddedRedis) -> None:
    async def act(redis: Redis, key: str) -> None:
        async with Alone(redis, key, "it", lambda: None) as alone:
            await redis.delete(key)
            await alone.check()
            assert await redis.exists(key)

    run(embedded_redis.url, act)


def test_without_redis_nothing_begins() -> None:
    async def act(redis: Redis, key: str) -> None:
        with pytest.raises(Refusal, match="Redis does not answer"):
            await Alone(redis, key, "it", lambda: None).__aenter__()

    run(f"redis://127.0.0.1:{free_port()}", act)


def test_redis_may_go_while_the_claim_is_held() -> None:
    with EmbeddedRedis() as server:

        async def act(redis: Redis, key: str) -> None:
            async with Alone(redis, key, "it", lambda: None) as alone:
                await asyncio.to_thread(server.stop)
                await alone.check()

        run(server.url, act)
