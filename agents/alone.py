"""Sees to it that one process at a time does what two must not: by a claim in Redis.

It is renewed while it is held. That of a holder who was killed ends after `CLAIM_SECONDS`; who
comes next waits for that.
"""

import asyncio
import os
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from redis.asyncio import Redis

from agents.settings import Refusal
from exporters.connection import FAILURES, describe

CLAIM_SECONDS = 15
RENEWAL_SECONDS = 3.0


class Alone:
    """Holds the claim while its block runs; raises Refusal where another one does."""

    def __init__(self, redis: Redis, key: str, what: str, tell: Callable[[], Any]) -> None:
        """`tell` is called each second while it is not known whether another holder lives."""
        self._redis, self._key, self._what, self._tell = redis, key, what, tell
        self._claim = f"{socket.gethostname()}, process {os.getpid()} {secrets.token_hex(8)}"
        self._renewing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        try:
            await self._take()
        except FAILURES as error:
            raise Refusal(
                f"Redis does not answer ({describe(error)}), and {self._what} needs it. Nothing "
                "has changed; try again when it does"
            ) from error
        self._renewing = asyncio.create_task(self._renew())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._renewing is not None:
            self._renewing.cancel()
        with suppress(*FAILURES):
            if await self._holder() == self._claim:
                await self._redis.delete(self._key)

    async def check(self) -> None:
        """Raise Refusal when another one holds the claim by now; Redis may be away."""
        with suppress(*FAILURES):
            await self._extend()

    async def _take(self) -> None:
        left = CLAIM_SECONDS * 1000
        while not await self._redis.set(self._key, self._claim, nx=True, ex=CLAIM_SECONDS):
            before, left = left, await self._redis.pttl(self._key)
            if left > before:
                await self._refuse()  # somebody renewed it
            self._tell()
            await asyncio.sleep(1)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEWAL_SECONDS)
            with suppress(*FAILURES, Refusal):  # `check` tells
                await self._extend()

    async def _extend(self) -> None:
        """Renew the claim, or take it again where Redis forgot it."""
        if await self._redis.set(self._key, self._claim, nx=True, ex=CLAIM_SECONDS):
            return
        if await self._holder() != self._claim:
            await self._refuse()
        await self._redis.expire(self._key, CLAIM_SECONDS)

    async def _holder(self) -> str | None:
        held: Any = await self._redis.get(self._key)
        return None if held is None else held.decode(errors="replace")

    async def _refuse(self) -> None:
        holder = (await self._holder() or "").rpartition(" ")[0]
        raise Refusal(
            f"{self._what} is running already ({holder}): wait for it, or stop it. "
            "Nothing has changed"
        )
