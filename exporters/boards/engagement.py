"""The board of engagement and satisfaction: what people do, and what they say of it."""

from collections.abc import Collection

from exporters.boards import frame, trust, watched
from exporters.boards.asking import LARGEST
from exporters.boards.board import THIRD, Board
from exporters.boards.scale import more_is_better
from streams.catalogue import Catalogue

WINDOW = 'window="$window"'


def engagement(catalogue: Catalogue, elsewhere: Collection[str]) -> Board:
    """Everything that no other board has; at the end the metrics that it does not know by name."""
    board = Board(
        catalogue,
        "engagement",
        "engagement and satisfaction",
        "Do people come back, what do they do, and what do they say of it?",
        [frame.one_of("window", "Window", frame.DAYS, "7d")],
    )
    board.since("now-30d")
    trust.strip(board, "$window")
    board.row("Do people come back?")
    board.lines("active_users")
    board.parts("lifecycle_users")
    board.lines("stickiness_ratio", width=THIRD)
    board.lines("retention_ratio", width=THIRD)
    board.lines("sessions_per_user", WINDOW, width=THIRD)
    board.lines("windowed_sessions", WINDOW)
    board.lines("session_duration_seconds", WINDOW)
    board.row("What do they do?")
    board.parts("page_views", WINDOW)
    board.lines("interactions", WINDOW)
    board.lines("feature_adoption_ratio", WINDOW, through=LARGEST)
    board.lines("feature_uses", WINDOW, through=LARGEST)
    board.lines("conversion_ratio", WINDOW)
    board.parts("conversions", WINDOW)
    board.parts("shares", WINDOW)
    board.parts("mentions", WINDOW)
    board.row("What do they say?")
    board.lines("nps_score", WINDOW, scale=more_is_better(0, 30))
    board.parts("nps_responses", WINDOW)
    board.lines("csat", WINDOW, part="ratio", scale=more_is_better(0.5, 0.75), width=THIRD)
    board.lines("csat", WINDOW, part="average", width=THIRD)
    board.lines("csat", WINDOW, part="responses", width=THIRD)
    board.row("What are they worth, and how are they?")
    board.parts("customer_health_customers")
    board.lines("customer_lifetime_value")
    board.lines("revenue_per_buyer")
    board.lines("revenue", WINDOW)
    _others(board, {*elsewhere, *board.shown})
    board.row("How unusual is it?")
    for name in catalogue.metrics:
        watched.add_scores(board, name)
    return board


def _others(board: Board, shown: Collection[str]) -> None:
    """A panel for each metric that no board has, so that one of your own has its place."""
    left = [m for name, m in board.catalogue.metrics.items() if name not in shown]
    if left:
        board.row("All other metrics")
    for metric in left:
        matchers = (WINDOW,) if {*frame.DAYS} <= {*metric.windows} else ()
        for part in metric.parts:
            board.lines(metric.name, *matchers, part=part, through=LARGEST)
