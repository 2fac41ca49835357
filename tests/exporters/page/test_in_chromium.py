"""The page in a real browser: narrow and wide, light and dark, with and without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from aiohttp import web

from exporters.http import Server, start_server
from exporters.page.audience import PRIVATE
from exporters.page.notes_file import NotesFile
from exporters.page.service import Page
from exporters.view import View
from streams.panes import SECOND
from tests.chromium import Chromium, Tab
from tests.exporters.page.made_up import PUBLIC, view
from tests.exporters.published_events import new_folding

pytestmark = pytest.mark.chromium
FOLDING = new_folding()
HELD_TIMER = "window.setInterval = (update) => { window.updateNow = update; };"
CONTRAST = """
(() => {
  const parse = (text) => {
    const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
    return {r, g, b, a};
  };
  const light = ({r, g, b}) => {
    const [x, y, z] = [r, g, b].map((c) => {
      c /= 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const color = parse(getComputedStyle(one).backgroundColor);
      if (color.a === 1) return color;
    }
    return {r: 255, g: 255, b: 255};
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = {};
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    const unseen = element.closest('script, noscript, title, desc');
    if (unseen || !texts.currentNode.data.trim()) continue;
    const style = getComputedStyle(element);
    const ink = parse(element.closest('svg') ? style.fill : style.color);
    const [a, b] = [light(ink), light(behind(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const name = `${element.tagName}.${element.className.baseVal ?? element.className}`;
    found[name] = Math.min(ratio, found[name] ?? 99);
  }
  return found;
})()
"""


class Shown:
    """What the page shows now; a test may change it."""

    view: View = view()

    async def __call__(self) -> View:
        return self.view


@dataclass
class Site:
    """A browser and the two pages it can look at."""

    browser: Chromium
    shown: Shown
    private: Server
    public: Server

    def tab(self, *, public: bool = False, **other: object) -> Tab:
        url = (self.public if public else self.private).url
        return self.browser.tab(url, **other)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def site(browser: Chromium) -> Iterator[Site]:
    shown = Shown()

    async def serve(page: Page) -> Server:
        app = web.Application()
        app.router.add_routes(page.routes())
        return await start_server(app, "127.0.0.1", 0)

    notes = NotesFile("", FOLDING.catalogue)
    servers = [
        browser.run(serve(Page(FOLDING, shown, notes, audience, 0)))
        for audience in (PRIVATE, PUBLIC)
    ]
    yield Site(browser, shown, *servers)
    for server in servers:
        browser.run(server.stop())


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
@pytest.mark.parametrize("public", [False, True], ids=["private", "public"])
def test_the_page_never_scrolls_sideways(site: Site, width: int, public: bool) -> None:  # noqa: FBT001 - a parameter
    tab = site.tab(public=public, width=width)
    tab.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_nothing_fails_and_nobody_else_is_asked(site: Site, scripts: bool) -> None:  # noqa: FBT001 - a parameter
    tab = site.tab(scripts=scripts)
    assert tab.complaints == []
    assert all(url.startswith(site.private.url) for url in tab.requests)
    names = {url.removeprefix(site.private.url) for url in tab.requests}
    assert names - {"icon.svg"} == ({"", "page.css", "page.js"} if scripts else {"", "page.css"})
    tab.close()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(site: Site, dark: bool) -> None:  # noqa: FBT001 - a parameter
    tab = site.tab(dark=dark)
    tab.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    found = tab.evaluate(CONTRAST)
    assert len(found) > 20
    assert {name: ratio for name, ratio in found.items() if ratio < 4.5} == {}
    tab.close()


def test_the_two_schemes_differ(site: Site) -> None:
    papers = set()
    for dark in (False, True):
        tab = site.tab(dark=dark)
        papers.add(tab.evaluate("getComputedStyle(document.body).backgroundColor"))
        tab.close()
    assert len(papers) == 2


def test_the_keyboard_reaches_everything_that_can_be_opened_beginning_with_the_skip_link(
    site: Site,
) -> None:
    tab = site.tab(public=True)
    reached: list[str] = []
    while not reached or reached[-1] != "pause":
        tab.press("Tab", 9)
        told = "document.activeElement.id || document.activeElement.className"
        reached.append(tab.evaluate(told))
        assert len(reached) < 100
    assert reached[0] == "skip"
    summaries = tab.evaluate("[...document.querySelectorAll('summary')].map((one) => one.id)")
    assert [name for name in reached if name in summaries] == summaries
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    tab.close()


def test_a_definition_is_one_key_away(site: Site) -> None:
    tab = site.tab(scripts=False)
    tab.evaluate("document.getElementById('xs-active_users').focus()")
    tab.press("Enter", 13, "\r")
    assert tab.evaluate("document.getElementById('x-active_users').open")
    tab.close()


def test_an_update_keeps_what_a_reader_has_opened_and_focused(site: Site) -> None:
    tab = site.tab(first=HELD_TIMER)
    tab.evaluate("document.getElementById('x-page_views').open = true")
    tab.evaluate("document.getElementById('xs-page_views').focus()")
    before = tab.evaluate("document.querySelector('.state').textContent")
    site.shown.view = view(later=7 * SECOND)
    tab.evaluate("updateNow()")
    after = tab.evaluate("document.querySelector('.state').textContent")
    assert ("15:06:40" in before, "15:06:47" in after) == (True, True)
    assert tab.evaluate("document.getElementById('x-page_views').open")
    assert tab.evaluate("document.activeElement.id") == "xs-page_views"
    assert tab.evaluate("document.querySelectorAll('details[open]').length") == 1
    assert tab.evaluate("document.querySelectorAll('main').length") == 1
    assert tab.complaints == []
    tab.close()


def test_a_page_that_cannot_be_updated_says_so(site: Site) -> None:
    tab = site.tab(first=HELD_TIMER)
    tab.evaluate("window.fetch = () => Promise.reject(new Error('away'))")
    tab.evaluate("updateNow()")
    assert tab.evaluate("document.getElementById('updates').textContent").startswith(
        "Not up to date: no answer since "
    )
    assert tab.evaluate("document.body.className") == "old"
    tab.evaluate("delete window.fetch")
    tab.close()


def test_a_page_held_still_asks_for_nothing_more(site: Site) -> None:
    tab = site.browser.tab(f"{site.private.url}?paused", first=HELD_TIMER)
    assert tab.evaluate("typeof window.updateNow") == "undefined"
    tab.close()
