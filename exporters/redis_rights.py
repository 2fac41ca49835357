"""What a user may do in Redis: tried out with what exporters and workers do there themselves.

What is written for that stands under a name of its own, below the prefix, for a moment.
"""

import asyncio
import secrets
from contextlib import suppress
from typing import Any, Final, NamedTuple

from redis.asyncio import Redis

from exporters.connection import FAILURES, connect, describe
from exporters.keys import Keys, Source, script
from exporters.publisher import SnapshotPublisher
from streams.panes import NO_WATERMARK
from streams.published import Progress

STATE: Final = "check"
CLOSING_SECONDS = 0.05
"""redis-py does not wait for the end of a connection that was not let in: a loop that ends at once
would leave its socket to the garbage collector."""
PROGRESS = Progress(0, 0, NO_WATERMARK, 0, 0, 0, {}, 0)
UNITS = {"minute/0": b"", "minute/1": b""}
READS: Final[tuple[tuple[str, *tuple[Any, ...]], ...]] = (
    ("HGET", "offset"),
    ("HGETALL",),
    ("HLEN",),
    ("HMGET", "offset"),
    ("ZCARD",),
    ("ZRANGE", 0, -1),
    ("ZRANGEBYSCORE", 0, 0),
)
"""What `read.lua` does when there is something to read, and with what beside the key."""


class RedisRights(NamedTuple):
    """Why an exporter could not read as this user, and a worker not write; None where it could."""

    reading: str | None
    writing: str | None


async def try_rights(url: str, prefix: str, timeout_seconds: float) -> RedisRights:
    """Try both; raises what is in `FAILURES` when Redis does not let us in at all."""
    client = connect(url, timeout_seconds)
    keys = Keys(f"{prefix}:check-{secrets.token_hex(8)}")
    try:
        await client.ping()  # type: ignore[misc, unused-ignore]
        reading = await _reading(client, keys)
        publisher = SnapshotPublisher(url, keys.prefix, STATE, timeout_seconds=timeout_seconds)
        writing = await _writing(publisher)
        with suppress(*FAILURES):  # who may not even do that has written nothing
            await client.unlink(keys.source, *keys.partition(STATE, 0))
    finally:
        await client.aclose()
        await asyncio.sleep(CLOSING_SECONDS)
    return RedisRights(reading, writing)


async def _reading(client: Redis, keys: Keys) -> str | None:
    """Read as an exporter does, where nothing is."""
    units, changes = keys.partition(STATE, 0)
    try:
        await client.get(keys.source)
        await client.eval_ro(script("read"), 2, units, changes, "", 0)  # type: ignore[no-untyped-call,misc,unused-ignore]
        for command, *more in READS:
            await client.execute_command(command, units, *more)  # type: ignore[no-untyped-call,unused-ignore]
    except FAILURES as error:
        return describe(error)
    return None


async def _writing(publisher: SnapshotPublisher) -> str | None:
    """Publish as a worker does: all of a partition, then a change and a pane less."""
    gone, changed = UNITS
    try:
        await publisher.announce(Source(STATE, STATE, 1, {}, "UTC"))
        for removed in ((), (gone,)):
            await publisher.publish(0, PROGRESS, {changed: b""}, lambda: UNITS, removed)
    finally:
        await publisher.close()
    return publisher.last_error
