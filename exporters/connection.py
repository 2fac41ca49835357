"""How tidegauge talks to Redis: bounded waits, no silent retries, named failures."""

import asyncio
from collections.abc import Awaitable
from typing import Any, Final

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

FAILURES: Final = (RedisError, OSError, TimeoutError)
"""What is caught when Redis is away, slow, full or speaks another language; nothing else is."""
BY_TLS = "[SSL"
"""What OpenSSL's complaints begin with, which redis-py repeats in a text of its own."""
NOT_ALLOWED = "The user executing the script can't", "EXEC without MULTI"
"""How Redis says in a script, or of a transaction, that a right is missing."""
HUNG_UP = "Connection reset by peer", "Connection closed by server"
TLS_SETTINGS = "redis.ca_file and redis.certificate_file; rediss:// in redis.url stands for TLS"


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
        driver_info=None,  # and telling who we are another one, and a right to
    )


async def within(seconds: float, answer: Awaitable[Any] | Any) -> Any:
    """Wait for one answer, connecting included; the client drops a connection that it gave up."""
    async with asyncio.timeout(seconds):
        return await answer


def describe(error: BaseException) -> str:
    """One line about a failure, with what to do where that can be known."""
    told = " ".join(str(error).split()) or type(error).__name__
    advice = _advice(error, told)
    return f"{told.rstrip('.')}: {advice}" if advice else told


def _advice(error: BaseException, told: str) -> str | None:
    if isinstance(error, AuthenticationError):
        return "see redis.username and redis.password"
    if isinstance(error, NoPermissionError) or any(how in told for how in NOT_ALLOWED):
        return "give the user the rights that docs/doors.md lists"
    if BY_TLS in told:
        return f"see {TLS_SETTINGS}"
    if any(how in told for how in HUNG_UP):
        return f"if it goes on, see {TLS_SETTINGS}"
    return None
