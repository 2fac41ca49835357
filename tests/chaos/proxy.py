"""A TCP proxy that can be slow, narrow, or refuse: the network between workers and servers.

It runs in a thread of its own. What it did to connections is counted, so that a fault can be seen
to have happened.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from dataclasses import dataclass, replace
from typing import Self

from tidegauge.loopback_server import free_port

PIECE = 1 << 16


@dataclass(frozen=True)
class Weather:
    """What the network is like; as it should be when nothing is given."""

    latency_seconds: float = 0.0
    """Of each piece, in each direction."""
    bytes_per_second: float = 0.0
    """Of each connection and direction; 0 has no limit."""
    is_cut: bool = False
    """Connections are ended, and refused."""


FINE = Weather()


class Proxy:
    """From a free port to another one on this machine; `with` it."""

    def __init__(self, target: int) -> None:
        self.port, self._target = free_port(), target
        self.weather = FINE
        self.delayed_bytes = self.refused = self.ended = 0
        """Bytes that were held up, connections that were refused and ended, since the start."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        listening = asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    @property
    def open(self) -> int:
        """Connections that are passed on now."""
        return len(self._writers) // 2

    def set(self, weather: Weather) -> None:
        """Change the weather; connections that are open are ended when it is cut."""
        self.weather = weather
        if weather.is_cut:
            self._loop.call_soon_threadsafe(self._cut)

    def _cut(self) -> None:
        self.ended += len(self._writers)
        for writer in self._writers:
            writer.transport.abort()

    async def _close(self) -> None:
        self._server.close()
        self.weather = replace(self.weather, is_cut=True)  # who was let in just now is sent away
        self._cut()
        await asyncio.sleep(0)
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._connect(reader, writer)
        finally:
            self._tasks.discard(task)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.weather.is_cut:
            self.refused += 1
            writer.transport.abort()
            return
        try:
            back, forth = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:  # the server is away: so is what stands before it
            writer.transport.abort()
            return
        self._writers |= {writer, forth}
        try:
            ways = [self._pass(reader, forth), self._pass(back, writer)]
            tasks = [asyncio.ensure_future(way) for way in ways]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for one in tasks:
                one.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            self._writers -= {writer, forth}
            for end in (writer, forth):
                end.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(PIECE):
                await self._hold_up(len(piece))
                writer.write(piece)
                await writer.drain()

    async def _hold_up(self, size: int) -> None:
        weather = self.weather
        seconds = weather.latency_seconds
        if weather.bytes_per_second:
            seconds += size / weather.bytes_per_second
        if seconds:
            self.delayed_bytes += size
            await asyncio.sleep(seconds)
