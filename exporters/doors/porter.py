"""Lets connections in: so many at once, and so much time for each to ask.

A connection takes its seat before its TLS handshake. Who has not asked yet gives way to those who
come later, the oldest first, so that those who only sit there keep nobody out for long; who has
been answered keeps its seat while it goes on asking.
"""

import asyncio
import contextlib
import errno
import logging
import socket
import ssl
from collections.abc import Coroutine, Sequence
from typing import Any, NamedTuple

from aiohttp import hdrs, web

from exporters.doors.kept import KeptWebConfig
from exporters.doors.refusals import CONNECTIONS, MALFORMED, TLS, Refusals

FAREWELL_SECONDS = 2.0
"""How long a body that is not taken is still read, and a TLS peer waited for."""
PAUSE_SECONDS = 1.0
OUT_OF_THINGS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

SERVER = {"Server": "tidegauge"}
"""In the place of aiohttp's header, which tells versions."""

log = logging.getLogger("tidegauge.http")


class Limits(NamedTuple):
    """What a porter grants."""

    connections: int = 400
    """At once."""
    first_request_seconds: float = 10.0
    """From the connection to the end of the first request's headers, TLS handshake included."""
    next_request_seconds: float = 75.0
    """From a request to the end of the next one's headers; its answer must be read in it too."""


LIMITS = Limits()


class Seat:
    """A connection, from before its TLS handshake to its end."""

    def __init__(self, connection: socket.socket, limits: Limits) -> None:
        self._connection, self._limits = connection, limits
        self.is_kept = False
        self._until = self._end_in(limits.first_request_seconds)

    @property
    def is_free(self) -> bool:
        """Whether the connection has ended."""
        return self._connection.fileno() == -1

    def keep(self) -> None:
        """Wait for the next request, unless the connection ended during this one."""
        if self._until.cancelled():
            return
        self.is_kept = True
        self._until.cancel()
        self._until = self._end_in(self._limits.next_request_seconds)

    def leave(self) -> None:
        """End the connection, in whatever state it is."""
        self._until.cancel()
        with contextlib.suppress(OSError):  # it has ended by itself
            self._connection.shutdown(socket.SHUT_RDWR)

    def _end_in(self, seconds: float) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(seconds, self.leave)


class Visitor(web.RequestHandler):
    """Speaks HTTP with one connection, and says little to what is no HTTP."""

    def __init__(self, server: web.Server, seat: Seat, refusals: Refusals) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(
            server,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]
            lingering_time=FAREWELL_SECONDS,
            auto_decompress=False,
        )
        self.seat, self._refusals = seat, refusals

    def connection_lost(self, exc: BaseException | None) -> None:
        """Leave the seat, too: its clock would keep it in memory for more than a minute."""
        super().connection_lost(exc)
        self.seat.leave()

    def handle_error(
        self, request: Any, status: int = 500, exc: Any = None, message: str | None = None
    ) -> web.StreamResponse:
        """Answer garbage without repeating it, here or in the log."""
        if isinstance(exc, UnicodeEncodeError) and hdrs.EXPECT in request.headers:
            # aiohttp would repeat what is expected, and it is no text.
            status = web.HTTPBadRequest.status_code
        if status != web.HTTPBadRequest.status_code:
            return super().handle_error(request, status, exc, message)
        self._refusals.note(MALFORMED)
        response = web.Response(status=status, text="400: Bad Request", headers=dict(SERVER))
        response.force_close()
        return response


class Porter:
    """Listens, and lets in; `open` it, `close` it, once."""

    def __init__(
        self, server: web.Server, kept: KeptWebConfig, limits: Limits, refusals: Refusals
    ) -> None:
        self._server, self._kept, self._limits = server, kept, limits
        self._refusals = refusals
        self._seats: list[Seat] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._listeners: Sequence[socket.socket] = ()

    def open(self, listeners: Sequence[socket.socket]) -> None:
        """Begin; the sockets listen already, and are closed with the porter."""
        self._listeners = listeners
        for listener in listeners:
            self._start(self._let_in(listener))

    async def close(self) -> None:
        """Let nobody in any more; those who are there stay until they are sent away."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for listener in self._listeners:
            listener.close()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _let_in(self, listener: socket.socket) -> None:
        """Accept connections until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listener)
            except OSError as error:
                log.debug("a connection was not accepted: %s", error)
                await asyncio.sleep(PAUSE_SECONDS if error.errno in OUT_OF_THINGS else 0)
            else:
                self._receive(connection)

    def _receive(self, connection: socket.socket) -> None:
        self._seats = [seat for seat in self._seats if not seat.is_free]
        if len(self._seats) >= self._limits.connections and not self._make_room():
            self._refusals.note(CONNECTIONS)
            connection.close()
            return
        seat = Seat(connection, self._limits)
        self._seats.append(seat)
        self._start(self._greet(connection, seat))

    def _make_room(self) -> bool:
        """Whether there is a seat, be it that of somebody who has not asked yet."""
        idle = next((seat for seat in self._seats if not seat.is_kept), None)
        if len(self._seats) >= self._limits.connections and idle is not None:
            self._refusals.note(CONNECTIONS)
            idle.leave()
            self._seats.remove(idle)
        return len(self._seats) < self._limits.connections

    async def _greet(self, connection: socket.socket, seat: Seat) -> None:
        try:
            tls = self._kept.now().tls
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: Visitor(self._server, seat, self._refusals),
                connection,
                ssl=tls.context if tls else None,
                ssl_handshake_timeout=self._limits.first_request_seconds if tls else None,
                ssl_shutdown_timeout=FAREWELL_SECONDS if tls else None,
            )
        except OSError as error:  # TLS that fails is one
            if isinstance(error, ssl.SSLError):  # else it was given up, as a check of the port does
                self._refusals.note(TLS)
            log.debug("a connection ended in its TLS handshake: %s", error)
            seat.leave()
