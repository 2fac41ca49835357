"""Watched counts: what was seen, in the band of what is usual, and whether it is an alarm."""

from exporters.boards.asking import Query, series
from exporters.boards.board import HALF, QUARTER, Board
from exporters.boards.panels import About, band, lines, state
from exporters.boards.scale import BAD, GOOD, UNKNOWN, Scale
from exporters.boards.texts import HELP
from streams.catalogue import Metric
from streams.spikes.detector import LEAST_EXPECTED, LIMIT
from streams.spikes.detector import WINDOWS as JUDGED

WINDOWS = tuple(window.name for window in JUDGED)
TOO_FEW = -1
STATES = {0: ("as usual", GOOD), 1: ("unusual", BAD), TOO_FEW: ("too few to say", UNKNOWN)}
JUDGING = f"Too few to say: in no window are {LEAST_EXPECTED:g} expected."
SURPRISING = Scale(BAD, ((-LIMIT, GOOD), (LIMIT, BAD)))
BAND = (
    "What was seen, what the same hours of past weeks let expect (dashed), and the band within "
    "which a count is as usual. Absent while too few days are known, and where past weeks had "
    "nothing at these hours."
)


def add_band(board: Board, name: str, heading: str, *matchers: str, width: int = HALF) -> None:
    """A metric, if it is watched, in its band."""
    if _watched(board, name):
        seen, lower, upper, expected = (
            Query(series(f"watched_{part}", f'metric="{name}"', *matchers), word)
            for part, word in (
                ("seen", "seen"),
                ("lower", "usual from"),
                ("upper", "usual up to"),
                ("expected", "expected"),
            )
        )
        board.add(band(About(heading, BAND), seen, (lower, upper), expected), width)


def add_alarms(
    board: Board, heading: str, *matchers: str, width: int = QUARTER, height: int = 4
) -> None:
    """Whether watched counts are beyond their bounds in any window, one by one."""
    labels = sorted({by for one in board.catalogue.metrics.values() for by in _by(one)})
    legend = " ".join(f"{{{{{label}}}}}" for label in ("metric", *labels))
    alarm, expected = (series(f"watched_{part}", *matchers) for part in ("alarm", "expected"))
    judged = f"{alarm} and {expected} >= {LEAST_EXPECTED:g}"
    asked = Query(f"max without (window) ({judged} or 0 * {alarm} + {TOO_FEW})", legend)
    about = About(heading, f"{HELP['watched_alarm']} {JUDGING}", "none")
    board.add(state(about, STATES, asked), width, height)


def add_scores(board: Board, name: str) -> None:
    """How far a metric, if it is watched, is from what was expected, window by window."""
    if _watched(board, name):
        metric = board.catalogue.metrics[name]
        legend = " ".join(f"{{{{{label}}}}}" for label in (*_by(metric), "window"))
        about = About(f"{metric.title}: how unusual", HELP["watched_score"], "none", SURPRISING)
        board.add(lines(about, Query(series("watched_score", f'metric="{name}"'), legend)))


def _watched(board: Board, name: str) -> bool:
    metric = board.catalogue.metrics.get(name)
    return metric is not None and metric.watch is not None


def _by(metric: Metric) -> tuple[str, ...]:
    return metric.watch.by if metric.watch else ()
