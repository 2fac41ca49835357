"""The board of churn: who leaves, how many, and whether that is as usual."""

from exporters.boards import frame, trust, watched
from exporters.boards.asking import TOGETHER
from exporters.boards.board import WHOLE, Board
from streams.catalogue import Catalogue

WINDOW, BAND = 'window="$window"', 'window="$band"'
CANCELLATIONS = 'metric="cancellations"'


def churn(catalogue: Catalogue) -> Board:
    """Cancellations with what is usual, then by plan and reason, then the share that left."""
    board = Board(
        catalogue,
        "churn",
        "churn",
        "Who leaves, how many, and is that as usual?",
        [
            frame.one_of("window", "Window", frame.DAYS, "today"),
            frame.one_of("band", "Watched over", watched.WINDOWS, "6h"),
        ],
    )
    trust.strip(board, "$window")
    board.row("Is it a spike?")
    watched.add_alarms(board, "Cancellations", CANCELLATIONS)
    board.number("cancellations", WINDOW, through=TOGETHER, heading="Cancellations in $window")
    board.number("churn_ratio", WINDOW, heading="Churn in $window")
    board.number("unknown_cancellations")
    watched.add_band(board, "cancellations", "Cancellations in $band", BAND)
    watched.add_scores(board, "cancellations")
    board.row("Which plans, and why?")
    board.parts("cancellations", WINDOW)
    board.an_hour("cancellations", "reason")
    board.row("What is left")
    board.lines("churn_ratio")
    board.lines("plan_churn_ratio", WINDOW)
    board.parts("subscribers", width=WHOLE)
    return board
