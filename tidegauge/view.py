"""What is published in Redis, for a command that tells of it."""

import asyncio
import time
from collections.abc import Callable

from exporters.snapshot_store import SnapshotReader
from exporters.view import View
from streams.folding import Folding
from tidegauge.settings import Settings

POLL_SECONDS = 0.25


def read_view(
    settings: Settings,
    rules: Folding,
    until: Callable[[View], bool] = lambda _: True,
    seconds: float = 0,
) -> View:
    """What an exporter with these settings would show: once `until` holds, or after so long."""
    return asyncio.run(_read(settings, rules, until, time.monotonic() + seconds))


async def _read(
    settings: Settings, rules: Folding, until: Callable[[View], bool], deadline: float
) -> View:
    reader = SnapshotReader(
        settings.redis_url,
        settings.redis_prefix,
        rules,
        stale_after_seconds=settings.exporter_stale_after_seconds,
    )
    try:
        while True:
            view = View.of(rules, await reader.read())
            if until(view) or time.monotonic() >= deadline:
                return view
            await asyncio.sleep(POLL_SECONDS)
    finally:
        await reader.close()
