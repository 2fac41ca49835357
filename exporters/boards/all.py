"""All boards of a catalogue."""

from exporters.boards.board import Board
from exporters.boards.churn import churn
from exporters.boards.engagement import engagement
from exporters.boards.launch import launch
from exporters.boards.overview import overview
from exporters.boards.pipeline import pipeline
from streams.catalogue import Catalogue


def boards(catalogue: Catalogue) -> list[Board]:
    """Every board; together they show every metric of the catalogue."""
    others = [make(catalogue) for make in (overview, churn, launch, pipeline)]
    shown = {name for board in others for name in board.shown}
    return [*others, engagement(catalogue, shown)]
