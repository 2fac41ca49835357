"""What the boards show, taken from the text that Grafana reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exporters.boards.all import boards
from streams.catalogue import Catalogue
from streams.catalogue_file import load
from streams.wire import SEGMENT

SHIPPED = load(SEGMENT)
FOLDER = Path(__file__).parents[3] / "deploy" / "grafana" / "dashboards"
SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)?\{([^}]*)\}")
CHOICES = re.compile(r"label_values\((.+), (\w+)\)")
NAMED = re.compile(r'__name__="([^"]+)"')
VALUES = {
    "$__rate_interval": "1m",
    "${metric}": "conversions",
}
SEARCHES = {
    "title": "Searches",
    "definition": "Searches people ran.",
    "formula": "count of Search Performed",
    "kind": "count",
    "events": [{"name": "Search Performed"}],
}

Json = dict[str, Any]


def boards_of(catalogue: Catalogue) -> dict[str, Json]:
    return {board.name: json.loads(board.text()) for board in boards(catalogue)}


BOARDS = boards_of(SHIPPED)
EVERY = pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))
BUSINESS = pytest.mark.parametrize("name", sorted(set(BOARDS) - {"pipeline"}))


def panels(board: Json) -> list[Json]:
    """Panels but rows."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def expressions(board: Json) -> list[str]:
    """Of panels and of annotations, with values where no PromQL were without."""
    asked = [target["expr"] for panel in panels(board) for target in panel["targets"]]
    asked += [one["target"]["expr"] for one in board["annotations"]["list"]]
    return [with_values(expression) for expression in asked]


def choices(board: Json) -> Iterator[tuple[str, str]]:
    """Series and label from which the values of each variable that can be chosen come."""
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            found = CHOICES.fullmatch(variable["query"])
            assert found, variable["query"]
            yield found[1], found[2]


def with_values(text: str) -> str:
    for name, value in VALUES.items():
        text = text.replace(name, value)
    return text


def selectors(expression: str) -> Iterator[tuple[str, str]]:
    """Name and matchers of each series that is asked for."""
    for name, matchers in SELECTOR.findall(expression):
        found = NAMED.search(matchers)
        yield (found[1] if found else name), matchers
