"""`tidegauge boards`: Grafana boards and recording rules of one's own catalogue."""

import argparse
import importlib
import os
from pathlib import Path
from typing import Any

from agents.settings import Refusal
from exporters import recording
from streams.catalogue import Catalogue
from tidegauge.assembly import folding, load_checked

LIBRARY = "grafana_foundation_sdk"
DESCRIPTION = """
The files have the places they have in deploy/: DIR/grafana/dashboards and DIR/prometheus. Alerts
read the same rules and need no change. See docs/boards.md.
"""


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add `boards` to the command line."""
    parser = commands.add_parser(
        "boards",
        parents=[shared],
        help="write Grafana boards and recording rules, your metrics included",
        description=DESCRIPTION,
    )
    parser.add_argument("folder", metavar="DIR", type=Path, help="where to; made if need be")
    parser.set_defaults(command=_boards)


def _boards(options: argparse.Namespace) -> int:
    catalogue = folding(load_checked(options.config, os.environ)).catalogue
    rules = options.folder / "prometheus" / recording.FILE.name
    files = {rules: recording.text(catalogue)} | {
        options.folder / "grafana" / "dashboards" / name: text
        for name, text in _texts(catalogue).items()
    }
    try:
        for file, text in files.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Refusal(f"{error.filename} cannot be written: {error.strerror}") from error
    for file in files:
        print(file)  # noqa: T201
    return 0


def _texts(catalogue: Catalogue) -> dict[str, str]:
    """The boards by the names of their files."""
    try:
        # Not at the top: nothing else needs this library.
        boards = importlib.import_module("exporters.boards.all").boards
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith(LIBRARY):
            raise
        raise Refusal(
            'the library that boards are made with is not installed: pip install ".[boards]"'
        ) from error
    return {f"{board.name}.json": board.text() for board in boards(catalogue)}
