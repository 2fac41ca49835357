"""Watched counts: what was seen, in the band of what is usual, and whether it is an alarm."""

from exporters.boards.asking import Query, series
from exporters.boards.panels import About, AnyPanel, band, lines, state
from exporters.boards.scale import BAD, GOOD, Scale
from exporters.families import WATCHED

WINDOWS = ("15m", "1h", "6h", "24h")
USUAL, UNUSUAL = ("as usual", GOOD), ("unusual", BAD)
SCORE = Scale(GOOD, ((4.5, BAD),))
BAND = (
    "What was seen, what the same hours of past weeks let expect (dashed), and the band within "
    "which a count is as usual. Absent until there are some weeks, at least some days, of data."
)


def in_band(title: str, *matchers: str) -> AnyPanel:
    """A watched count and its band."""
    seen, expected, lower, upper = (
        Query(series(f"watched_{part}", *matchers), word)
        for part, word in (
            ("seen", "seen"),
            ("expected", "expected"),
            ("lower", "usual from"),
            ("upper", "usual up to"),
        )
    )
    return band(About(title, BAND), seen, (lower, upper), expected)


def alarms(title: str, *matchers: str) -> AnyPanel:
    """Whether watched counts are beyond their bounds in any window, metric by metric."""
    expr = f"max by (job, metric, goal) ({series('watched_alarm', *matchers)})"
    about = About(title, WATCHED["alarm"], "none")
    return state(about, {0: USUAL, 1: UNUSUAL}, Query(expr, "{{metric}} {{goal}}"))


def scores(title: str, *matchers: str) -> AnyPanel:
    """How far counts are from what was expected, window by window."""
    about = About(title, f"{WATCHED['score']} Alarms begin at 4.5.", "none", SCORE)
    return lines(about, Query(series("watched_score", *matchers), "{{goal}} {{window}}"))
