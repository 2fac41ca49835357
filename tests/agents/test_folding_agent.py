"""What becomes of a worker when what it reads cannot be folded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from agents.folding_agent import fold_batches
from agents.settings import Refusal
from streams.unit import UnknownVersion
from tests.agents.made_up import Ended, no_exit, until_idle

__all__ = ["no_exit"]


class Stream:
    """Two batches; `Ownership.fold` raises an error on the first."""

    def __init__(self, error: Exception) -> None:
        self.error, self.folded = error, 0
        self.refusals: list[str] = []

    def noack(self) -> Stream:
        return self

    async def events(self) -> AsyncIterator[Any]:
        for number in range(2):
            yield SimpleNamespace(message=SimpleNamespace(partition=number), value=None)

    async def fold(self, number: int, batch: Any) -> None:
        del number, batch
        self.folded += 1
        raise self.error

    def refuse(self, reason: str) -> None:
        self.refusals.append(reason)


def folded(stream: Stream) -> None:
    """Fold until nothing goes on."""
    ownership: Any = stream

    async def main() -> None:
        folding = asyncio.create_task(fold_batches(stream, app=stream, ownership=ownership))
        await until_idle()
        assert not folding.done() or folding.exception()
        folding.cancel()
        (found,) = await asyncio.gather(folding, return_exceptions=True)
        if isinstance(found, Ended):
            raise found

    asyncio.run(main())


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Refusal("too many dead letters"), "too many dead letters"),
        (UnknownVersion("written in format 3"), "a fact was written in format 3. Run the version"),
    ],
)
def test_a_worker_that_must_not_go_on_says_why_and_folds_nothing_more(
    error: Exception, told: str
) -> None:
    stream = Stream(error)
    folded(stream)
    assert stream.folded == 1
    (reason,) = stream.refusals
    assert reason.startswith(told)


@pytest.mark.usefixtures("no_exit")
def test_a_batch_that_cannot_be_folded_ends_the_process() -> None:
    stream = Stream(ValueError("not a batch"))
    with pytest.raises(Ended):
        folded(stream)
    assert (stream.folded, stream.refusals) == (1, [])
