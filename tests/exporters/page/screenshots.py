"""Takes the screenshots of `docs/screenshots`: `make screenshots`, with chromium installed.

They show the made-up company of the tests, so that they change when the page does, and only then.
"""

import shutil
import sys
from pathlib import Path

from aiohttp import web

from exporters.http import Server, start_server
from exporters.page.rendering import ASSETS, asset, render
from tests.chromium import Chromium
from tests.exporters.page.made_up import PAGES, sheet, view

FOLDER = Path(__file__).parents[3] / "docs" / "screenshots"
SIZES = {"phone": (390, 1500), "desktop": (1280, 1250)}
TAME = PAGES[:-1]


async def _serve() -> Server:
    page = render(sheet(view(pages=TAME))).paused

    async def get(request: web.Request) -> web.Response:
        name = request.path.removeprefix("/")
        kind = ASSETS.get(name, "text/html")
        return web.Response(text=asset(name) if name in ASSETS else page, content_type=kind)

    app = web.Application()
    app.router.add_get("/{name:.*}", get)
    return await start_server(app, "127.0.0.1", 0)


def main() -> int:
    """Write them all."""
    program = shutil.which("chromium")
    if program is None:
        print("chromium is not installed", file=sys.stderr)  # noqa: T201
        return 1
    FOLDER.mkdir(exist_ok=True)
    with Chromium(program) as browser:
        server = browser.run(_serve())
        for name, (width, height) in SIZES.items():
            for scheme in ("light", "dark"):
                tab = browser.tab(server.url, width=width, dark=scheme == "dark")
                (FOLDER / f"page-{name}-{scheme}.png").write_bytes(tab.screenshot(height))
                tab.close()
        browser.run(server.stop())
    return 0


if __name__ == "__main__":
    sys.exit(main())
