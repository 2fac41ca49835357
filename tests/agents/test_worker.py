"""A worker's two apps begin and end together, and what it began ends with it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agents.worker import Worker, _end
from tests.agents.made_up import SETTINGS


class StubApp:
    """Starts when it is told to stop, as one does that gets no partitions; or not at all."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.stopped = asyncio.Event()

    async def start(self) -> None:
        if self.error is not None:
            raise self.error
        await self.stopped.wait()

    async def stop(self) -> None:
        self.stopped.set()


def start(worker: Worker, *apps: Any) -> Any:
    return asyncio.create_task(worker._start([*apps]))


def test_when_one_app_cannot_start_the_other_ends_too() -> None:
    async def main() -> None:
        waiting, failing = StubApp(), StubApp(ConnectionError("not authorized for the group"))
        with pytest.raises(ConnectionError, match="not authorized"):
            await start(Worker(SETTINGS), waiting, failing)
        assert waiting.stopped.is_set()
        assert failing.stopped.is_set()

    asyncio.run(main())


def test_a_worker_that_is_told_to_stop_does_not_wait_for_partitions() -> None:
    async def main() -> None:
        worker, apps = Worker(SETTINGS), (StubApp(), StubApp())
        starting = start(worker, *apps)
        await asyncio.sleep(0)
        worker.stopping.set()
        await starting
        assert all(app.stopped.is_set() for app in apps)

    asyncio.run(main())


async def hard_of_hearing(times: int) -> None:
    """Lose so many cancellations, as a client does that has just got its answer."""
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if not times:
                raise
            times -= 1


async def failing() -> None:
    raise ValueError("it went wrong by itself")


def test_a_loop_that_loses_a_cancellation_is_cancelled_again() -> None:
    async def main() -> None:
        loops = [asyncio.create_task(hard_of_hearing(times)) for times in (0, 1, 3)]
        await asyncio.sleep(0)
        await _end(loops)
        assert all(loop.cancelled() for loop in loops)

    asyncio.run(main())


def test_a_loop_that_failed_before_holds_up_nothing() -> None:
    async def main() -> None:
        loops = [asyncio.create_task(failing()), asyncio.create_task(hard_of_hearing(0))]
        await asyncio.sleep(0)
        await _end(loops)
        assert isinstance(loops[0].exception(), ValueError)
        assert loops[1].cancelled()

    asyncio.run(main())
