"""Serves the page: made at most every few seconds, in a thread, however many ask for it.

So neither many readers nor a long history make a scrape wait.
"""

import asyncio
import gzip
import time
from collections.abc import Awaitable, Callable
from functools import lru_cache

from aiohttp import web

from exporters.doors.guard import HEALTH
from exporters.doors.protection import Protection
from exporters.http import Server, start_server
from exporters.page.audience import PRIVATE, Audience
from exporters.page.cards import sheet_of
from exporters.page.notes_file import NotesFile
from exporters.page.rendering import ASSETS, Rendered, asset, render
from exporters.view import View
from streams.folding import Folding
from streams.history import Day, History

PAGE_SECONDS = 1.0
"""So long a page that was made is good for others who ask."""
FOR_EVERYBODY = Protection("public", for_everybody=True)
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Page:
    """The page for one audience; `view` gives what is shown."""

    def __init__(
        self,
        folding: Folding,
        view: Callable[[], Awaitable[View]],
        notes: NotesFile,
        audience: Audience = PRIVATE,
        good_for_seconds: float = PAGE_SECONDS,
    ) -> None:
        self._folding, self._view, self._notes = folding, view, notes
        self._audience, self._good_for_seconds = audience, good_for_seconds
        self._history = History(folding)
        self._made: asyncio.Task[Rendered] | None = None
        self._made_at = 0.0

    async def rendered(self) -> Rendered:
        """The page as it is now, or was a moment ago."""
        made, age = self._made, time.monotonic() - self._made_at
        is_bad = made is not None and made.done() and made.exception() is not None
        if made is None or is_bad or (made.done() and age >= self._good_for_seconds):
            made = self._made = asyncio.create_task(self._make())
            made.add_done_callback(self._note_time)
        return await asyncio.shield(made)

    def routes(self) -> list[web.RouteDef]:
        """What a browser asks for."""
        return [
            web.get("/", self._get_page),
            *(web.get(f"/{name}", _get_asset) for name in ASSETS),
        ]

    async def stop(self) -> None:
        """Wait for a page that is being made."""
        if self._made is not None:
            await asyncio.wait([self._made])

    async def _make(self) -> Rendered:
        view = await self._view()
        return await asyncio.to_thread(self._render, view)

    def _render(self, view: View) -> Rendered:
        """Runs in a thread; nothing else uses the history meanwhile."""
        days: list[Day] = []
        if view.reading is not None:
            partitions = list(view.snapshot.partitions.values())
            shards = list(view.snapshot.shards.values())
            days = self._history.read(partitions, view.reading.as_of, shards)
        notes = self._notes.notes()
        remark = "" if self._audience.is_public else self._notes.remark
        return render(sheet_of(self._folding, view, days, notes, self._audience, remark))

    def _note_time(self, _: "asyncio.Task[Rendered]") -> None:
        self._made_at = time.monotonic()

    async def _get_page(self, request: web.Request) -> web.Response:
        pages = await self.rendered()
        text = pages.paused if "paused" in request.query else pages.live
        if "gzip" not in request.headers.get("Accept-Encoding", ""):
            return web.Response(text=text, content_type="text/html", headers=HEADERS)
        headers = HEADERS | {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return web.Response(
            body=_pack(text), content_type="text/html", charset="utf-8", headers=headers
        )


@lru_cache(maxsize=2)
def _pack(text: str) -> bytes:
    """Pack a page once for all who ask for it."""
    return gzip.compress(text.encode(), compresslevel=5)


async def _get_asset(request: web.Request) -> web.Response:
    name = request.path.removeprefix("/")
    headers = HEADERS | {"Cache-Control": "no-cache"}
    return web.Response(text=asset(name), content_type=ASSETS[name], headers=headers)


class PublicServer:
    """The page at an address of its own, without anything else but `/healthz`."""

    def __init__(
        self,
        page: Page,
        host: str,
        port: int,
        protection: Protection = FOR_EVERYBODY,
    ) -> None:
        self._page, self._address, self._protection = page, (host, port), protection
        self._server: Server | None = None

    async def start(self) -> Server:
        """Listen; raises as `start_server` does."""
        app = web.Application()
        app.router.add_routes([*self._page.routes(), web.get(HEALTH, _get_health)])
        self._server = await start_server(
            app, *self._address, setting="TIDEGAUGE_PUBLIC_BIND", protection=self._protection
        )
        return self._server

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            await self._server.stop()
        await self._page.stop()


async def _get_health(_: web.Request) -> web.Response:
    return web.Response(text="ok\n")
