"""Fills the templates of the page; everything that is not markup of ours is escaped."""

from functools import cache
from importlib import resources
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from exporters.page import chart
from exporters.page.sheet import Sheet

REFRESH_SECONDS = 10
"""How often the script of the page brings it up to date."""
RELOAD_SECONDS = 120
"""How often a browser without scripts does; long, as it closes what a reader has opened."""


ASSETS = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
"""Files that the page asks for, and their types."""


class Rendered(NamedTuple):
    """The page, as it updates itself and as it does not."""

    live: str
    paused: str


def render(sheet: Sheet) -> Rendered:
    """The whole page as HTML."""
    environment = _environment()
    main = Markup(environment.get_template("main.html").render(sheet=sheet, chart=chart))  # noqa: S704 - rendered with everything escaped
    page = environment.get_template("page.html")
    live, paused = (
        page.render(
            sheet=sheet,
            main=main,
            paused=paused,
            refresh_seconds=REFRESH_SECONDS,
            reload_seconds=RELOAD_SECONDS,
        )
        for paused in (False, True)
    )
    return Rendered(live, paused)


@cache
def asset(name: str) -> str:
    """Text of a file that the page asks for."""
    return (resources.files("exporters.page") / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("exporters.page", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
