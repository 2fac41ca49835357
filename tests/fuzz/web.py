"""What the exporter's web server is sent: every request has an answer, and none is a 500.

The real server's protocol, on a transport that is no socket. An input is what a client sends; a
line of `SPLIT` cuts it into several packets.
"""

import asyncio
import logging
import random
import re
import socket
from collections.abc import Iterator

from aiohttp import web
from aiohttp.log import server_logger as log
from aiohttp.web_protocol import RequestHandler

from exporters.doors.guard import set_guard
from exporters.doors.kept import KeptWebConfig
from exporters.doors.porter import LIMITS, Seat, Visitor
from exporters.doors.refusals import Refusals
from exporters.exposition import render
from exporters.http import LOOPBACK_ONLY, SHUTDOWN_SECONDS, create_web_app
from exporters.page.notes_file import NotesFile
from exporters.page.service import Page
from exporters.service import ExporterCollector
from exporters.snapshot_store import Snapshot
from exporters.view import View
from tests.fuzz import lines
from tests.streams.made_up import a_folding

SPLIT = b"\n\x00\n"
MOST_TURNS = 100
"""Of the event loop: a body that never comes is not waited for."""
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
ACCEPT = b"application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2"
REQUESTS = (
    b"GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n",
    b"GET /?paused HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: " + ACCEPT + b"\r\nAccept-Encoding: gzip\r\n\r\n",
    b"HEAD /metrics HTTP/1.0\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /readyz HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
    b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"GET /style.css HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET http://b/metrics HTTP/1.1\r\nHost: a\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n",
    b"GET /../%2e%2e/etc/passwd HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1\r\n\r\n",
    b"GET /met" + SPLIT + b"rics HTTP/1.1\r\nHost: a\r\n\r\n",
)
VALUES = (
    *(b"", b"\r", b"GET", b"/", b"*", b"HTTP/1.1\r", b"HTTP/0.9\r", b"HTTP/9.9\r", b"-1\r", b"1\r"),
    *(
        b"18446744073709551616\r",
        b"chunked\r",
        b"gzip\r",
        b"deflate, br\r",
        b"x" * 9_000,
        b"close\r",
    ),
    *(
        b"text/plain;version=2.0.0;escaping=values\r",
        b"application/openmetrics-text; version=0.0.1\r",
    ),
    *(
        b";;;q=\r",
        b"application/openmetrics-text;version=1.0.0;escaping=dots;q=nan\r",
        b"*/*;q=-1\r",
    ),
    *(b"/%", b"/%00", b"/%ff", b"//", b"/?" + b"a=&" * 400, b"/\xc3\xa9", b"/%F0%9F%98%80", b"0\r"),
    *(b"fffffffffffffffff\r", b"100-continue\r", b"[::1]:x\r", b"bytes=0-\r", b"\x00"),
)


class Wire(asyncio.Transport):
    """Keeps what is written to a client."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self.sent = bytearray()
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take bytes."""
        self.sent += data

    def close(self) -> None:
        """Take no more."""
        self.closed = True

    abort = close

    def is_closing(self) -> bool:
        """Whether it was closed."""
        return self.closed

    def pause_reading(self) -> None:
        """Nothing comes by itself."""

    resume_reading = pause_reading

    def get_write_buffer_size(self) -> int:
        """Nothing waits."""
        return 0


class Log(logging.Handler):
    """Keeps what the server has to say: nothing, whatever clients do."""

    told: list[str] = []  # noqa: RUF012 - put in its place below

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.told = [*self.told, self.format(record)]


class Web:
    """The exporter's web server, with nothing published."""

    name = "web"

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(_raise)
        self._runner = self._loop.run_until_complete(_runner())
        self._log = Log(logging.WARNING)
        log.addHandler(self._log)
        log.propagate = False
        self._spare = [line for seed in REQUESTS for line in seed.split(b"\n")]

    def close(self) -> None:
        """End the server and its loop."""
        self._loop.run_until_complete(self._runner.cleanup())
        self._loop.close()
        log.removeHandler(self._log)
        log.propagate = True

    def seeds(self) -> Iterator[bytes]:
        """Requests as clients make them, and some that they should not."""
        yield from REQUESTS

    def change(self, data: bytes, rng: random.Random) -> bytes:
        """Change a line."""
        return lines.change(data, rng, self._spare, VALUES)

    def examine(self, data: bytes) -> str:
        """Send it, hang up, and look at the answers."""
        sent = self._loop.run_until_complete(self._send(data.split(SPLIT)))
        statuses = sorted({int(code) for code in STATUS.findall(sent)})
        told, self._log.told = self._log.told, []
        assert not told, told
        assert 500 not in statuses
        assert b"Traceback" not in sent
        if not statuses:
            return "no request"
        return str(statuses[0]) if len(statuses) == 1 else "several"

    async def _send(self, packets: list[bytes]) -> bytes:
        server = self._runner.server
        assert server is not None
        connection, wire = socket.socket(), Wire()
        seat = Seat(connection, LIMITS)
        handler = Visitor(server, seat, Refusals())
        handler.connection_made(wire)
        task = handler._task_handler
        assert task is not None
        for packet in packets:
            if not wire.closed:
                handler.data_received(packet)
            await _rest(handler, task)
        handler.connection_lost(None)
        task.cancel()
        await asyncio.wait([task])
        seat.leave()
        connection.close()
        return bytes(wire.sent)


async def _rest(handler: RequestHandler, task: asyncio.Task[None]) -> None:
    """Let the server work until it waits for more."""
    for _ in range(MOST_TURNS):
        await asyncio.sleep(0)
        if task.done() or (handler._waiter is not None and not handler._messages):
            return


async def _runner() -> web.AppRunner:
    folding = a_folding()

    async def view() -> View:
        return View.of(folding, Snapshot(problems=["nothing is published"]))

    async def metrics(accept: str) -> tuple[bytes, str]:
        return render([ExporterCollector(1, 0.1, 0)], accept)

    async def ready() -> list[str]:
        return (await view()).snapshot.problems

    page = Page(folding, view, NotesFile("", folding.catalogue), good_for_seconds=1e9)
    await page.rendered()
    app = create_web_app(metrics, ready, page.routes())
    set_guard(app, KeptWebConfig(LOOPBACK_ONLY, ["127.0.0.1"]), Refusals())
    runner = web.AppRunner(app, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    return runner


def _raise(_: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    raise AssertionError(context)
