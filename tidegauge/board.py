"""What a person watches on the terminal: live numbers, how they move, and how they compare."""

from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from rich.console import Group
from rich.table import Table
from rich.text import Text

from tidegauge.comparison import Row
from tidegauge.scrape import Scrape

BARS = "▁▂▃▄▅▆▇█"
TREND_POINTS = 24
TREND_POINTS_MIN = 8
NUMBER_CHARACTERS = 7
"""Of the longest numbers: 999,999 and 999.99M."""


class Line(NamedTuple):
    """A line of the board: its title, unit, and how to read a window and the trend."""

    title: str
    name: str
    windowed: bool = True
    ratio: bool = False


LINES = (
    Line("Active users", "active_users"),
    Line("Sessions", "windowed_sessions"),
    Line("Page views", "windowed_page_views"),
    Line("Interactions", "windowed_interactions"),
    Line("Conversions", "windowed_conversions"),
    Line("  orders per user", "conversion_ratio", ratio=True),
    Line("Cancellations", "windowed_cancellations"),
    Line("Feature uses", "windowed_feature_uses"),
    Line("Shares", "windowed_shares"),
    Line("Mentions", "windowed_mentions"),
    Line("Revenue, USD", "windowed_revenue"),
    Line("Satisfied (CSAT)", "csat_ratio", ratio=True),
    Line("Net promoter score", "nps_score"),
    Line("Churn", "churn_ratio", ratio=True),
)
FILTERS = {"conversion_ratio": {"goal": "order"}, "windowed_revenue": {"currency": "USD"}}
COLUMNS = ("5m", "1h", "24h", "7d", "30d")
NARROW_COLUMNS = ("5m", "1h", "7d", "30d")
SET_ASIDE = {
    "dead_letter": "dead letters",
    "future": "future",
    "bot": "bots",
    "late": "late",
    "duplicate": "duplicates",
}


class Board:
    """Remembers the last values of each line for its small trend."""

    def __init__(self) -> None:
        self._trends: dict[str, deque[float]] = {
            line.name: deque(maxlen=TREND_POINTS) for line in LINES
        }

    def observe(self, scraped: Scrape) -> None:
        """Note one scrape."""
        for line in LINES:
            if scraped.up:
                self._trends[line.name].append(_value(scraped, line, COLUMNS[0]))

    def render(self, scraped: Scrape, sent: int, width: int = 120) -> Group:
        """The board as of a scrape, `sent` records into the run; no number is ever cut."""
        columns, points = _layout(width)
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column("", no_wrap=True)
        for column in columns:
            table.add_column(column, justify="right", no_wrap=True)
        if points:
            table.add_column(f"{COLUMNS[0]}, lately"[:points], no_wrap=True)
        for line in LINES:
            cells = [Text(_shown(scraped, line, column)) for column in columns]
            if points:
                cells.append(Text(trend([*self._trends[line.name]][-points:]), "cyan"))
            table.add_row(line.title, *cells)
        footer = health(scraped, sent)
        footer.no_wrap, footer.overflow = False, "fold"
        return Group(table, Text(), footer)


def _layout(width: int) -> tuple[tuple[str, ...], int]:
    """Which windows there is room for, and how many points of the trend."""
    titles = max(len(line.title) for line in LINES)
    for columns in (COLUMNS, NARROW_COLUMNS):
        room = width - titles - len(columns) * (NUMBER_CHARACTERS + 2)
        if room >= 0:
            break
    points = min(room - 2, TREND_POINTS)
    return columns, points if points >= TREND_POINTS_MIN else 0


def health(scraped: Scrape, sent: int) -> Text:
    """One line about the pipeline itself."""
    if not scraped.up:
        return Text("waiting for the first complete numbers; until then there are none", "yellow")
    read = scraped.sum("read_offset")
    behind = scraped.sum("lag_records")
    parts = ", ".join(
        f"{scraped.sum('records_total', outcome=outcome):,.0f} {name}"
        for outcome, name in SET_ASIDE.items()
    )
    instant = datetime.fromtimestamp(scraped.as_of / 1000, UTC)
    return Text(
        f"as of {instant:%H:%M:%S} UTC, {read:,.0f} of {sent:,} records read, {behind:,.0f} "
        f"behind; set aside: {parts}",
        "dim",
    )


def trend(values: Sequence[float]) -> str:
    """A line of small bars."""
    if not values:
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1
    return "".join(BARS[round((value - low) / span * (len(BARS) - 1))] for value in values)


def _value(scraped: Scrape, line: Line, window: str) -> float:
    return scraped.sum(line.name, window=window, **FILTERS.get(line.name, {}))


def _shown(scraped: Scrape, line: Line, window: str) -> str:
    if not scraped.up or not scraped.has(line.name, window):
        return "-"
    value = _value(scraped, line, window)
    if line.ratio:
        return f"{value:.2%}"
    for size, letter in ((1e9, "B"), (1e6, "M")):
        if round(value) >= size:
            return f"{value / size:,.2f}{letter}"
    return f"{value:,.0f}"


NEVER_SUMMED = (
    *("users", "ratio", "per_", "revenue", "buyers", "lifetime_value", "score", "average"),
    "duration",
)
"""Parts of these do not add up: the same people, shares of a whole, several currencies."""


def comparison_table(rows: Sequence[Row]) -> Table:
    """Gauge against ledger: totals and today's values; the last column is about all windows."""
    title = "Gauge against ledger (totals, and today of what has windows)"
    table = Table(title=title, title_justify="left", header_style="dim", box=None)
    table.add_column("metric", overflow="fold")
    table.add_column("", overflow="fold")
    for column in ("gauge", "ledger", "equal"):
        table.add_column(column, justify="right", no_wrap=True)
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.key[0], _apart(row)), []).append(row)
    for (name, part), found in groups.items():
        shown = [row for row in found if dict(row.key[1]).get("window") in (None, "today")]
        equal = sum(row.equal for row in found)
        table.add_row(
            name,
            part,
            _number(sum(row.gauge for row in shown)),
            _number(sum(row.expected for row in shown)),
            f"{equal} of {len(found)}",
            style=None if equal == len(found) else "bold red",
        )
    return table


def estimates(rows: Sequence[Row]) -> list[str]:
    """A sentence for each number of people that is estimated, with the true one."""
    return [
        f"{row.key[0]}, {dict(row.key[1])['window']}: {row.gauge:,.0f} estimated, "
        f"{row.truth:,.0f} true ({abs(row.gauge - row.truth) / row.truth:.1%} off)"
        for row in rows
        if row.key[0].endswith("_users") and row.gauge != row.truth and row.truth
    ]


def _apart(row: Row) -> str:
    """The labels that keep a row in a line of its own; empty where lines may be added up."""
    name, labels = row.key
    if not any(word in name for word in NEVER_SUMMED):
        return ""
    return " ".join(value for key, value in labels if key != "window")


def difference_table(rows: Sequence[Row]) -> Table:
    """The series that differ, one a line."""
    table = Table(title="Series that differ", title_justify="left", style="red", box=None)
    table.add_column("series", overflow="fold")
    for column in ("gauge", "ledger"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        name, labels = row.key
        pairs = ", ".join(f"{key}={value}" for key, value in labels)
        table.add_row(f"{name}{{{pairs}}}", _number(row.gauge), _number(row.expected))
    return table


def _number(value: float) -> str:
    if float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:,.2f}" if value > 1 else f"{value:.4f}"
