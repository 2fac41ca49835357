"""Recovery may take as long as it likes, if only it gets on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from agents.recovering import LOOKS, Advance, Recovering
from tests.agents.made_up import Ended, no_exit, until_idle

__all__ = ["no_exit"]

LOOK_SECONDS = 0.001
Steps = Callable[[Advance], Awaitable[None]]


async def run(recovering: Recovering, recover: Steps) -> None:
    """Start one and wait for its end, of whatever kind."""
    recovering.start(recover)  # type: ignore[arg-type]
    (task,) = recovering._tasks
    await task


async def stands_still(advance: Advance) -> None:
    advance.note(10, 100)
    await asyncio.Event().wait()


@pytest.mark.usefixtures("no_exit")
def test_a_recovery_that_comes_no_further_ends_the_process() -> None:
    with pytest.raises(Ended, match="70"):
        asyncio.run(run(Recovering(LOOK_SECONDS), stands_still))


@pytest.mark.usefixtures("no_exit")
def test_a_recovery_that_fails_ends_the_process() -> None:
    async def fails(advance: Advance) -> None:
        advance.note()
        raise OSError("gone")

    with pytest.raises(Ended, match="70"):
        asyncio.run(run(Recovering(), fails))


@pytest.mark.usefixtures("no_exit")
def test_a_recovery_that_gets_on_may_be_slow() -> None:
    async def slow(advance: Advance) -> None:
        for _ in range(5 * LOOKS):
            advance.note(7, 11)
            await asyncio.sleep(LOOK_SECONDS)

    async def main() -> None:
        recovering = Recovering(LOOK_SECONDS)
        assert (recovering.is_running, recovering.seconds) == (False, 0)
        await run(recovering, slow)
        assert not recovering.is_running
        assert recovering.seconds > 0
        assert (recovering.advance.rows, recovering.advance.size) == (35 * LOOKS, 55 * LOOKS)

    asyncio.run(main())


def test_a_recovery_that_is_given_up_does_nothing_more() -> None:
    async def main() -> None:
        recovering, reached = Recovering(), asyncio.Event()
        go_on = asyncio.Event()

        async def waits(advance: Advance) -> None:
            advance.note()
            await go_on.wait()
            reached.set()

        recovering.start(waits)
        await until_idle()
        recovering.cancel()
        assert not recovering.is_running
        go_on.set()
        await until_idle()
        assert not reached.is_set()
        assert not recovering._tasks

    asyncio.run(main())


def test_another_recovery_takes_the_place_of_the_one_that_runs() -> None:
    async def main() -> None:
        recovering, ended = Recovering(), []

        async def first(advance: Advance) -> None:
            advance.note(rows=5)
            try:
                await asyncio.Event().wait()
            finally:
                ended.append("first")

        async def second(advance: Advance) -> None:
            advance.note(rows=1)
            ended.append("second")

        recovering.start(first)
        await until_idle()
        recovering.start(second)
        await until_idle()
        assert sorted(ended) == ["first", "second"]
        assert recovering.advance.rows == 1
        assert not recovering.is_running

    asyncio.run(main())


def test_what_goes_wrong_in_one_that_was_given_up_does_not_end_the_process() -> None:
    async def main() -> None:
        recovering = Recovering()

        async def fails_late(advance: Advance) -> None:
            advance.note()
            try:
                await asyncio.Event().wait()
            finally:
                raise OSError("while ending")

        recovering.start(fails_late)
        await until_idle()
        recovering.cancel()
        await until_idle()
        assert not recovering._tasks

    asyncio.run(main())
