"""Whether numbers can be trusted now: the strip that every business board begins with."""

from exporters.boards.asking import EACH, Query, age, series
from exporters.boards.board import LOW, QUARTER, Board
from exporters.boards.panels import About, AnyPanel, number, state
from exporters.boards.scale import BAD, GOOD, WATCH, less_is_better
from exporters.boards.texts import HELP

STALE, BEHIND = 60, 300
"""Seconds: an exporter shows no partition that was published longer ago than the first; numbers
of an instant longer ago than the second are alerted on."""
SHOWN = {1: ("shown", GOOD), 0: ("no numbers", BAD)}
COMPLETE = {1: ("complete", GOOD), 0: ("not complete", WATCH)}


def strip(board: Board, window: str) -> None:
    """Up, age, completeness and label overflow of a window."""
    in_window = f'window="{window}"'
    board.add(up(), QUARTER, LOW)
    board.add(freshness(), QUARTER, LOW)
    complete = Query(f"min {EACH} ({series('window_complete', in_window)})", "{{job}}")
    about = About("Window", HELP["window_complete"], "none")
    board.add(state(about, COMPLETE, complete), QUARTER, LOW)
    overflow = Query(f"sum {EACH} ({series('label_overflow', in_window)})", "{{job}}")
    about = About(
        "Metrics with label overflow", HELP["label_overflow"], "short", less_is_better(1, 10)
    )
    board.add(number(about, overflow), QUARTER, LOW)


def up() -> AnyPanel:
    """Whether there are numbers at all."""
    return state(About("Numbers", HELP["up"], "none"), SHOWN, Query(series("up"), "{{job}}"))


def freshness() -> AnyPanel:
    """How old the instant is at which everything is evaluated."""
    about = About(
        "Age of the numbers", HELP["as_of_timestamp_seconds"], "s", less_is_better(STALE, BEHIND)
    )
    return number(about, Query(age("as_of_timestamp_seconds"), "{{job}}"))
