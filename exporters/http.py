"""The small web server of workers and exporters: metrics, health, readiness, a landing page.

It answers GET and HEAD only, takes no bodies beyond 8 KiB and shows clients no tracebacks.
"""

import errno
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

log = logging.getLogger("tidegauge.http")

MAX_BODY_BYTES = 8 * 1024
SHUTDOWN_SECONDS = 1.0
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

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
    """A running server and the address it is really bound to."""

    runner: web.AppRunner
    host: str
    port: int

    @property
    def url(self) -> str:
        """Where a browser finds it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/"

    async def stop(self) -> None:
        """Close the connections and the port."""
        await self.runner.cleanup()


def create_web_app(
    metrics: Metrics, ready: Ready, landing: Landing | Sequence[web.RouteDef]
) -> web.Application:
    """Make the application of these answers; `landing` is one page, or routes that `/` is among."""
    app = web.Application(client_max_size=MAX_BODY_BYTES)

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
    app.router.add_get("/healthz", get_health)
    app.router.add_get("/readyz", get_readiness)
    app.router.add_routes([_landing_route(landing)] if callable(landing) else landing)
    return app


def _landing_route(landing: Landing) -> web.RouteDef:
    async def get_landing(_: web.Request) -> web.Response:
        page = await landing()
        return web.Response(text=page, content_type="text/html", headers=PAGE_HEADERS)

    return web.get("/", get_landing)


async def start_server(
    app: web.Application, host: str, port: int, *, setting: str = "--port"
) -> Server:
    """Listen and answer; port 0 takes a free one. `setting` names what an operator would change.

    Raises PortTaken or CannotListen.
    """
    runner = new_runner(app)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    try:
        await site.start()
    except (OSError, OverflowError) as error:
        await runner.cleanup()
        raise _refusal(error, host, port, setting) from error
    bound_host, bound_port = runner.addresses[0][:2]
    return Server(runner, bound_host, bound_port)


def new_runner(app: web.Application) -> web.AppRunner:
    """What speaks HTTP for an application; requests that are none are answered, and not logged."""
    log.addFilter(_is_ours)
    return web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS, logger=log)


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether a client is not to blame: anybody could fill the log with tracebacks."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError)


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
