"""What takes over is not cut in half by who interrupts it."""

from __future__ import annotations

import asyncio

import pytest

from agents.replay import _uninterrupted


def test_an_interruption_waits_until_it_is_done() -> None:
    async def act() -> None:
        steps: list[int] = []

        async def work() -> str:
            for step in range(3):
                await asyncio.sleep(0)
                steps.append(step)
            return "done"

        task = asyncio.create_task(_uninterrupted(work()))
        for _ in range(2):
            await asyncio.sleep(0)
            task.cancel()
        assert await task == "done"
        assert steps == [0, 1, 2]

    asyncio.run(act())


def test_an_error_of_what_may_not_be_interrupted_is_told() -> None:
    async def act() -> None:
        async def work() -> None:
            await asyncio.sleep(0)
            raise ValueError("it cannot be done")

        task = asyncio.create_task(_uninterrupted(work()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(ValueError, match="cannot be done"):
            await task

    asyncio.run(act())
