"""A client of aiokafka is closed at the end, also when it is given up while it starts."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaConnectionError

from agents.clients import started
from tidegauge.embedded import EmbeddedBroker

PIECE = 1 << 16
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Halting:
    """Stands before a broker, and keeps back one of its answers until it is told to go on."""

    def __init__(self, broker: EmbeddedBroker, kept: int) -> None:
        self._port, self._kept, self._answers = int(broker.bootstrap.rpartition(":")[2]), kept, 0
        self.halts, self.goes_on = asyncio.Event(), asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_connection("127.0.0.1", self._port)
        asking = asyncio.create_task(self._ask(reader, forth))
        while piece := await back.read(PIECE):
            self._answers += 1
            if self._answers == self._kept:
                self.halts.set()
                await self.goes_on.wait()
            writer.write(piece)
        writer.close()
        await asking

    async def _ask(self, reader: asyncio.StreamReader, forth: asyncio.StreamWriter) -> None:
        while piece := await reader.read(PIECE):
            forth.write(piece)
        forth.close()


async def hold(address: str) -> None:
    async with started(AIOKafkaConsumer(bootstrap_servers=address)):
        pytest.fail("it has started")


@asynccontextmanager
async def starting_at(serve: Serve) -> AsyncIterator[asyncio.Task[None]]:
    """A client that starts with such a server, which is given up inside."""
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield asyncio.create_task(hold(f"127.0.0.1:{port}"))


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run it, and collect what it left: aiokafka warns of what is open, which is an error here."""
    asyncio.run(work)
    gc.collect()


@pytest.mark.parametrize("kept", [1, 2], ids=["versions", "metadata"])
def test_one_that_is_given_up_while_it_starts_leaves_nothing_open(
    embedded_broker: EmbeddedBroker, kept: int
) -> None:
    """A worker that refuses its state may be about to read another part of it."""

    async def give_up() -> None:
        halting = Halting(embedded_broker, kept)
        async with starting_at(halting.serve) as holding:
            await halting.halts.wait()
            holding.cancel()
            await asyncio.sleep(0)
            halting.goes_on.set()
            with pytest.raises(asyncio.CancelledError):
                await holding

    run(give_up())


def test_one_whose_start_does_not_end_is_closed_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("agents.clients.START_SECONDS", 0.1)
    asked, closed = asyncio.Event(), asyncio.Event()

    async def never_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        closed.set()
        writer.close()

    async def give_up() -> None:
        async with starting_at(never_answer) as holding:
            await asked.wait()
            holding.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(holding, 10)
            await asyncio.wait_for(closed.wait(), 10)

    run(give_up())


def test_a_start_that_fails_is_told_and_leaves_nothing_open() -> None:
    async def fail() -> None:
        with pytest.raises(KafkaConnectionError):
            await hold("127.0.0.1:1")

    run(fail())
