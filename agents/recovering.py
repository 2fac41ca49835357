"""Recovery as a task of its own, which ends the process when it comes no further.

Faust gives what it awaits 90 s, and afterwards stays alive without ever consuming again; reading a
large state may take longer. So only standing still counts, not the time.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from agents.fail_stop import fail_stop

log = logging.getLogger("tidegauge.worker")

LOOK_SECONDS = 10.0
LOOKS = 6
"""So often in a row it may have come no further: 60 s."""


@dataclass
class Advance:
    """How far a recovery has come; every step of it is noted here."""

    steps: int = 0
    rows: int = 0
    size: int = 0
    """Bytes of the rows."""

    def note(self, rows: int = 0, size: int = 0) -> None:
        """Note a step, with the rows it read."""
        self.steps += 1
        self.rows += rows
        self.size += size


Recovery = Callable[[Advance], Coroutine[Any, Any, None]]


class Recovering:
    """At most one recovery at a time."""

    def __init__(self, look_seconds: float = LOOK_SECONDS) -> None:
        self.advance = Advance()
        """Of the recovery that runs, or of the last one."""
        self.seconds = 0.0
        """How long the last one took that came to its end."""
        self._look_seconds = look_seconds
        self._current: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_running(self) -> bool:
        """Whether a recovery is on its way."""
        return self._current is not None and not self._current.done()

    def start(self, recover: Recovery) -> None:
        """Begin a recovery in place of the one that may be running."""
        self.cancel()
        self.advance = Advance()
        self._current = self._keep(self._run(recover, self.advance))

    def cancel(self) -> None:
        """Give the running one up."""
        if self._current is not None:
            self._current.cancel()
            self._current = None

    def _keep(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Make a task that lives until it has ended, also when nobody waits for it any more."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._let_go)
        return task

    def _let_go(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # what goes wrong in one that was given up interests nobody

    async def _run(self, recover: Recovery, advance: Advance) -> None:
        began = time.monotonic()
        work = self._keep(recover(advance))
        seen = looks = 0
        try:
            while not (await asyncio.wait([work], timeout=self._look_seconds))[0]:
                looks = 0 if advance.steps > seen else looks + 1
                seen = advance.steps
                if looks >= LOOKS:
                    fail_stop("the recovery of the state comes no further")
                log.info("recovering: %d rows, %d bytes read so far", advance.rows, advance.size)
        finally:
            work.cancel()
        if error := work.exception():
            fail_stop("the state could not be recovered", error)
        self.seconds = time.monotonic() - began
