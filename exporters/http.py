"""The small web server of workers and exporters: metrics, health, readiness, a landing page.

It answers GET and HEAD only and shows clients no tracebacks; who is answered is for `doors`.
"""

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from aiohttp import web

from exporters.doors.guard import HEALTH, set_guard
from exporters.doors.kept import KeptWebConfig
from exporters.doors.porter import LIMITS, Limits, Porter
from exporters.doors.protection import Protection
from exporters.doors.refusals import Refusals

SHUTDOWN_SECONDS = 1.0
BACKLOG = 128
LARGEST_PORT = 65_535
NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""Of `::1`, where `localhost` stands for it and IPv6 is off."""
LOOPBACK_ONLY = Protection()

Address = tuple[socket.AddressFamily, tuple[Any, ...]]
"""Family, and numeric host and port (of IPv6 also flow and scope)."""
Metrics = Callable[[str], Awaitable[tuple[bytes, str]]]
"""Accept header -> body and content type."""
Ready = Callable[[], Awaitable[Sequence[str]]]
"""-> reasons why not ready; empty when ready."""
Landing = Callable[[], Awaitable[str]]
"""-> a whole HTML page."""


class CannotListen(Exception):
    """The address cannot be listened on; the message is one line that says what to do."""


class PortTaken(CannotListen):
    """Another program listens there."""


class Server(NamedTuple):
    """A running server, what it refused, and the address it is really bound to."""

    runner: web.AppRunner
    porter: Porter
    refusals: Refusals
    scheme: str
    host: str
    port: int

    @property
    def url(self) -> str:
        """Where a browser finds it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}/"

    async def stop(self) -> None:
        """Close the connections and the port."""
        await self.porter.close()
        await self.runner.cleanup()


def create_web_app(
    metrics: Metrics, ready: Ready, landing: Landing | Sequence[web.RouteDef]
) -> web.Application:
    """Make the application of these answers; `landing` is one page, or routes that `/` is among."""
    app = web.Application()

    async def get_metrics(request: web.Request) -> web.Response:
        body, content_type = await metrics(request.headers.get("Accept", ""))
        response = web.Response(body=body, headers={"Content-Type": content_type})
        response.enable_compression()
        return response

    async def get_health(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def get_readiness(_: web.Request) -> web.Response:
        reasons = await ready()
        text = "\n".join(reasons or ["ok"]) + "\n"
        return web.Response(text=text, status=503 if reasons else 200)

    app.router.add_get("/metrics", get_metrics)
    app.router.add_get(HEALTH, get_health)
    app.router.add_get("/readyz", get_readiness)
    app.router.add_routes([_landing_route(landing)] if callable(landing) else landing)
    return app


def _landing_route(landing: Landing) -> web.RouteDef:
    async def get_landing(_: web.Request) -> web.Response:
        page = await landing()
        return web.Response(text=page, content_type="text/html")

    return web.get("/", get_landing)


async def start_server(
    app: web.Application,
    host: str,
    port: int,
    *,
    setting: str = "--port",
    protection: Protection = LOOPBACK_ONLY,
    limits: Limits = LIMITS,
) -> Server:
    """Listen and answer; port 0 takes a free one. `setting` names what an operator would change.

    Raises PortTaken, CannotListen, or ConfigurationError where the protection is wrong or too
    little for the address.
    """
    try:
        addresses = await asyncio.to_thread(resolve, host, port)
        kept = KeptWebConfig(protection, [address[0] for _, address in addresses])
        listeners = _listen(addresses)
    except (OSError, OverflowError, UnicodeError) as error:
        raise _refusal(error, host, port, setting) from error
    refusals = Refusals()
    set_guard(app, kept, refusals)
    runner = web.AppRunner(app, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    assert runner.server is not None  # noqa: S101 - it has been set up
    porter = Porter(runner.server, kept, limits, refusals)
    porter.open(listeners)
    bound_host, bound_port = listeners[0].getsockname()[:2]
    scheme = "https" if kept.now().tls else "http"
    return Server(runner, porter, refusals, scheme, bound_host, bound_port)


def resolve(host: str, port: int) -> list[Address]:
    """Every address a host's name stands for; raises OSError, OverflowError, UnicodeError."""
    if not 0 <= port <= LARGEST_PORT:
        raise OverflowError(f"ports are numbers from 0 to {LARGEST_PORT}")
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(
        dict.fromkeys((family, (name, port, *more)) for family, *_, (name, _, *more) in found)
    )


def _listen(addresses: Sequence[Address]) -> list[socket.socket]:
    """Listen on all of them that this machine has, or on none."""
    listeners: list[socket.socket] = []
    absent: OSError | None = None
    try:
        for family, address in addresses:
            try:
                listener = socket.create_server(address, family=family, backlog=BACKLOG)
            except OSError as error:
                if error.errno not in NOT_HERE:
                    raise
                absent = error
            else:
                listener.settimeout(0)
                listeners.append(listener)
        if absent and not listeners:
            raise absent
    except OSError:
        for listener in listeners:
            listener.close()
        raise
    return listeners


def _refusal(error: Exception, host: str, port: int, setting: str) -> CannotListen:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return PortTaken(
            f"port {port} on {host} is taken by another program; "
            f"stop it or choose another one with {setting}"
        )
    reason = getattr(error, "strerror", None) or str(error)
    return CannotListen(
        f"cannot listen on port {port} of {host}: {reason}; choose another one with {setting}"
    )
