"""Writes the boards to `deploy/grafana/dashboards`: `python -m exporters.boards`."""

from pathlib import Path

from exporters.boards.all import boards
from streams.catalogue_file import load
from streams.wire import SEGMENT

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards"

if __name__ == "__main__":
    for board in boards(load(SEGMENT)):
        (FOLDER / f"{board.name}.json").write_text(board.text(), encoding="utf-8")
