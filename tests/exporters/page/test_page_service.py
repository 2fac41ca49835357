"""The page as it is served: headers, files, and what the public address does not answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from exporters.http import PortTaken, create_web_app, start_server
from exporters.page.audience import PRIVATE, Audience
from exporters.page.notes_file import NotesFile
from exporters.page.service import Page, PublicServer
from exporters.snapshot_store import Snapshot
from exporters.view import View
from tests.exporters.page.made_up import PUBLIC, view
from tests.exporters.published_events import new_folding

Scenario = Callable[[ClientSession, str], Awaitable[None]]
FOLDING = new_folding()
NOTE = """
[[notes]]
date = 2025-06-10
metric = "shares"
happened = "{}"
reason = "r"
response = "p"
"""


class Source:
    """Gives views, and counts how many were asked for."""

    def __init__(self, shown: View) -> None:
        self.shown, self.asked = shown, 0

    async def __call__(self) -> View:
        self.asked += 1
        return self.shown


def made(source: Source, audience: Audience = PRIVATE, notes: str = "") -> Page:
    return Page(FOLDING, source, NotesFile(notes, FOLDING.catalogue), audience, 0)


def visit_public(scenario: Scenario) -> None:
    async def run() -> None:
        server = PublicServer(made(Source(view()), PUBLIC), "127.0.0.1", 0)
        url = (await server.start()).url
        try:
            async with ClientSession() as client:
                await scenario(client, url)
        finally:
            await server.stop()

    asyncio.run(run())


@pytest.mark.parametrize("path", ["", "?paused", "page.css", "page.js", "icon.svg"])
def test_every_part_of_the_page_may_ask_its_own_server_only(path: str) -> None:
    async def scenario(client: ClientSession, url: str) -> None:
        async with client.get(url + path) as response:
            assert response.status == 200
            policy = response.headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'; ")
            assert "unsafe" not in policy
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["Referrer-Policy"] == "no-referrer"
            assert "charset=utf-8" in response.headers["Content-Type"]

    visit_public(scenario)


def test_a_page_is_the_same_packed_and_not() -> None:
    async def scenario(client: ClientSession, url: str) -> None:
        texts = []
        for encoding in ("gzip", "identity"):
            async with client.get(url, headers={"Accept-Encoding": encoding}) as response:
                assert response.headers.get("Content-Encoding", "identity") == encoding
                texts.append(await response.text())
        assert texts[0] == texts[1]

    visit_public(scenario)


@pytest.mark.parametrize("path", ["metrics", "readyz", "page.html", "main.html", "../page.css"])
def test_the_public_address_serves_nothing_but_the_page_and_its_health(path: str) -> None:
    async def scenario(client: ClientSession, url: str) -> None:
        async with client.get(f"{url}x/../{path}") as response:
            assert response.status == (200 if path == "../page.css" else 404)
        async with client.get(f"{url}healthz") as response:
            assert (response.status, await response.text()) == (200, "ok\n")
        async with client.post(url) as response:
            assert response.status == 405

    visit_public(scenario)


def test_the_public_page_says_that_there_are_no_numbers_but_not_why() -> None:
    async def run() -> str:
        broken = View(Snapshot(problems=["Redis cannot be read: redis-7.internal"]), None)
        return (await made(Source(broken), PUBLIC).rendered()).live

    html = asyncio.run(run())
    assert "No numbers right now" in html
    assert "redis-7" not in html


def test_a_taken_public_port_names_its_setting() -> None:
    async def run() -> None:
        server = await start_server(web.Application(), "127.0.0.1", 0)
        try:
            with pytest.raises(PortTaken, match="TIDEGAUGE_PUBLIC_BIND"):
                await PublicServer(made(Source(view())), "127.0.0.1", server.port).start()
        finally:
            await server.stop()

    asyncio.run(run())


def test_those_who_ask_at_once_are_given_one_page() -> None:
    async def run() -> int:
        source = Source(view())
        page = Page(FOLDING, source, NotesFile("", FOLDING.catalogue), good_for_seconds=3600)
        pages = await asyncio.gather(*(page.rendered() for _ in range(20)), page.rendered())
        assert len({id(one) for one in pages}) == 1
        await page.rendered()
        return source.asked

    assert asyncio.run(run()) == 1


def test_a_page_that_failed_is_made_anew() -> None:
    async def run() -> str:
        source = Source(view())
        answers = [ValueError("once"), None]

        async def failing() -> View:
            error = answers.pop(0)
            if error is not None:
                raise error
            return await source()

        page = Page(FOLDING, failing, NotesFile("", FOLDING.catalogue), good_for_seconds=3600)
        with pytest.raises(ValueError, match="once"):
            await page.rendered()
        return (await page.rendered()).live

    assert "<article" in asyncio.run(run())


def test_the_page_stands_beside_the_metrics() -> None:
    async def metrics(_: str) -> tuple[bytes, str]:
        return b"m", "text/plain"

    async def ready() -> list[str]:
        return []

    async def run() -> None:
        app = create_web_app(metrics, ready, made(Source(view())).routes())
        server = await start_server(app, "127.0.0.1", 0)
        try:
            async with ClientSession() as client:
                for path, told in (("", "The pipeline"), ("metrics", "m"), ("page.css", "--ink")):
                    async with client.get(server.url + path) as response:
                        assert told in await response.text()
        finally:
            await server.stop()

    asyncio.run(run())


def test_notes_are_read_again_when_their_file_changes(tmp_path: Path) -> None:
    file = tmp_path / "notes.toml"

    async def run() -> list[str]:
        page, pages = made(Source(view()), notes=str(file)), []
        for text in (NOTE.format("First."), NOTE.format("Second!"), "[[notes]", ""):
            file.write_text(text, encoding="utf-8")
            pages.append((await page.rendered()).live)
        file.unlink()
        pages.append((await page.rendered()).live)
        return pages

    first, second, broken, mended, gone = asyncio.run(run())
    assert "First." in first
    assert "Second!" in second
    assert "Second!" in broken
    assert f"because of their file: {file}: is not TOML: " in broken
    assert "their file" not in second + mended
    assert "Second!" not in mended
    assert "cannot be read: No such file" in gone
