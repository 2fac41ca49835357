"""How tidegauge talks to Redis: bounded waits, no silent retries, named failures."""

import asyncio
from collections.abc import Awaitable
from typing import Any, Final

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

FAILURES: Final = (RedisError, OSError, TimeoutError)
"""What is caught when Redis is away, slow, full or speaks another language; nothing else is."""


def connect(url: str, timeout_seconds: float) -> Redis:
    """Prepare a client that never waits longer for one answer; it connects when first used.

    Raises ValueError when the URL is none.
    """
    return Redis.from_url(
        url,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        retry=Retry(NoBackoff(), 0),
        protocol=2,  # connecting takes a round trip less
    )


async def within(seconds: float, answer: Awaitable[Any] | Any) -> Any:
    """Wait for one answer, connecting included; the client drops a connection that it gave up."""
    async with asyncio.timeout(seconds):
        return await answer


def describe(error: BaseException) -> str:
    """One line about a failure."""
    return " ".join(str(error).split()) or type(error).__name__
