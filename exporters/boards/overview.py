"""The board for a wall: how we are doing, and whether anything is unusual."""

from exporters.boards import frame, trust, watched
from exporters.boards.asking import TOGETHER
from exporters.boards.board import THIRD, Board
from exporters.boards.scale import more_is_better
from streams.catalogue import Catalogue

TALL = 6
LAST_HOUR, LAST_DAY, TODAY = 'window="1h"', 'window="24h"', 'window="today"'
WEEK, MONTH = 'window="7d"', 'window="30d"'
GOAL = 'goal="$goal"'


def overview(catalogue: Catalogue) -> Board:
    """Few and large numbers, each read from the other end of a room."""
    board = Board(
        catalogue,
        "overview",
        "overview",
        "How are we doing, and is anything unusual? All numbers are of one instant.",
        [frame.asked("goal", "Goal", frame.values_of("windowed_conversions", "goal"))],
    )
    trust.strip(board, "today")
    for heading, name, window in (
        ("Active users, last hour", "active_users", LAST_HOUR),
        ("Active users today", "active_users", TODAY),
    ):
        board.number(name, window, heading=heading, height=TALL)
    board.number("conversions", TODAY, GOAL, heading="Conversions today: $goal", height=TALL)
    board.number(
        "cancellations", TODAY, through=TOGETHER, heading="Cancellations today", height=TALL
    )
    watched.add_alarms(board, "Is anything unusual?", width=THIRD, height=TALL)
    board.number("revenue", TODAY, heading="Revenue today", width=THIRD, height=TALL)
    board.number("nps_score", MONTH, scale=more_is_better(0, 30), width=4, height=TALL)
    board.number("csat", WEEK, part="ratio", scale=more_is_better(0.5, 0.75), width=4, height=TALL)
    for name, heading, *matchers in (
        ("active_users", "Active users, last hour", LAST_HOUR),
        ("conversions", "Conversions, last hour: $goal", LAST_HOUR, GOAL),
        ("cancellations", "Cancellations, last 24 hours", LAST_DAY),  # few have some every hour
    ):
        watched.add_band(board, name, heading, *matchers, width=THIRD)
    return board
