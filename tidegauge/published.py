"""What is published in Redis, for commands that tell of it as an exporter does."""

import asyncio
import time
from collections.abc import Callable

from exporters.snapshot_store import SnapshotReader
from exporters.view import View
from streams.folding import Folding
from tidegauge.redis_door import redis_url
from tidegauge.settings import Settings

READ_SECONDS = 60.0
"""For all of a state, which an exporter reads once."""
POLL_SECONDS = 0.25


def reader_of(settings: Settings, rules: Folding) -> SnapshotReader:
    """A reader of everything that these settings say is published."""
    return SnapshotReader(
        redis_url(settings),
        settings.redis_prefix,
        rules,
        stale_after_seconds=settings.exporter_stale_after_seconds,
        timeout_seconds=READ_SECONDS,
    )


def read_view(
    settings: Settings,
    rules: Folding,
    until: Callable[[View], bool] = lambda _: True,
    seconds: float = 0,
) -> View:
    """What an exporter with these settings would show: once `until` holds, or after so long."""
    return asyncio.run(_read(reader_of(settings, rules), rules, until, seconds))


async def _read(
    reader: SnapshotReader, rules: Folding, until: Callable[[View], bool], seconds: float
) -> View:
    deadline = time.monotonic() + seconds
    try:
        while True:
            view = View.of(rules, await reader.read())
            if until(view) or time.monotonic() >= deadline:
                return view
            await asyncio.sleep(POLL_SECONDS)
    finally:
        await reader.close()
