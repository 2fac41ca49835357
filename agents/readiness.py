"""Why a worker is not ready, in words: for /readyz and whoever waits for it."""

from collections.abc import Iterator
from typing import Any

from streams.panes import SECOND

SILENT_AFTER = 15_000
"""Kafka answers a fetch every 100 ms, also when there is nothing; milliseconds."""


def not_ready(app: Any, now: int) -> list[str]:
    """Every reason at `now`, the wall clock in milliseconds; none when the worker is ready."""
    return list(_reasons(app, now))


def _reasons(app: Any, now: int) -> Iterator[str]:
    owned, what = app.ownership, app.ownership.what
    if owned.recovering.is_running:
        rows = owned.recovering.advance.rows
        yield f"the state of the assigned {what}s is being recovered: {rows} rows read so far"
    elif not owned.recovered:
        yield f"{what}s are being assigned and their state recovered"
    for number, to_go in sorted(owned.rebuilding().items()):
        yield f"{what} {number} is being rebuilt: {to_go} offsets to go"
    silent = sorted(n for n in owned.partitions if now - _heard_at(app, n) > SILENT_AFTER)
    if silent:
        seconds = max(now - _heard_at(app, number) for number in silent) // SECOND
        numbers = ", ".join(map(str, silent))
        yield f"Kafka has not answered for {what}s {numbers} for {seconds} s"


def _heard_at(app: Any, number: int) -> int:
    """When Kafka last answered a fetch; before the first, when the partition was recovered."""
    recovered_at: int = app.ownership.recovered_at
    return max(app.consumer.source_log.polled_at(number) or 0, recovered_at)
