"""Ends a worker that is alive and gets nothing done: a supervisor starts another one.

Faust has ways to stop consuming or committing without ending, and logs them at most.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

from agents.fail_stop import fail_stop
from agents.ownership import Ownership
from agents.writing import WRITE_DEADLINE_SECONDS

STUCK_SECONDS = 2 * WRITE_DEADLINE_SECONDS
"""A checkpoint that is under way may take one deadline, and the one before it another."""
LOOK_SECONDS = 1.0


class Liveness:
    """Knows since when something has been waiting to get on."""

    def __init__(
        self,
        ownership: Ownership[Any],
        is_assigned: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ownership = ownership
        self._is_assigned = is_assigned
        self._clock = clock
        self._since: dict[tuple[str, int], float] = {}

    def look(self) -> None:
        """End the process if something has been waiting for too long."""
        now = self._clock()
        self._since = {waiting: self._since.get(waiting, now) for waiting in self._waiting()}
        for (what, _), since in self._since.items():
            if now - since > STUCK_SECONDS:
                fail_stop(f"{what} for {now - since:.0f} s")

    def _waiting(self) -> Iterator[tuple[str, int]]:
        """What has to happen, and a number that changes when it does."""
        owned = self._ownership
        for number, offset in owned.unsaved().items():
            yield f"{owned.what} {number} has had no checkpoint since offset {offset}", offset
        if self._is_assigned() and not owned.recovered and not owned.recovering.is_running:
            yield f"{owned.what}s are assigned and nobody recovers them", owned.epoch


async def keep_watch(app: Any) -> None:
    """Look after a worker that has started, until cancelled."""
    liveness = Liveness(app.ownership, lambda: app.consumer.source_log.is_assigned)
    while True:
        liveness.look()
        app.consumer.check_size()
        await app.consumer.check_ends()
        await asyncio.sleep(LOOK_SECONDS)
