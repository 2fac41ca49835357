"""The board on the terminal: every number whole, at any width, and nothing when there is none."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console, RenderableType
from rich.live import Live

from tests.tidegauge.made_up import ledger_of, scrape_of
from tidegauge.board import (
    COLUMNS,
    LINES,
    TREND_POINTS,
    Board,
    comparison_table,
    difference_table,
    estimates,
    health,
    trend,
)
from tidegauge.comparison import Row
from tidegauge.scrape import Key, Scrape

WIDTHS = (60, 80, 120, 200)
ORDER = ("goal", "order")
EUR = (("currency", "EUR"),)


def shown(renderable: RenderableType, width: int = 120) -> list[str]:
    console = Console(width=width, soft_wrap=True, file=io.StringIO(), record=True)
    console.print(renderable)
    return [line.rstrip() for line in console.export_text().splitlines()]


def scrape_with(name: str, value: float, **labels: str) -> Scrape:
    changes: dict[Key, float] = {
        (name, tuple(sorted({"window": window, **labels}.items()))): value for window in COLUMNS
    }
    return scrape_of(ledger_of(), changes)


def test_a_trend_goes_from_the_lowest_to_the_highest_bar() -> None:
    assert trend([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"
    assert trend([5, 5, 5]) == "▁▁▁"
    assert trend([-10, 10]) == "▁█"
    assert trend([]) == ""


def test_a_line_shows_each_window_and_its_trend() -> None:
    board = Board()
    for value in (1, 2, 3):
        board.observe(scrape_with("active_users", value))
    lines = shown(board.render(scrape_with("active_users", 3), 10))
    assert lines[0].split() == [*COLUMNS, "5m,", "lately"]
    assert lines[1].split() == ["Active", "users", "3", "3", "3", "3", "3", "▁▅█"]
    assert len(lines) == len(LINES) + 3


def test_only_the_last_points_of_a_trend_are_kept() -> None:
    board = Board()
    for value in range(TREND_POINTS + 20):
        board.observe(scrape_with("active_users", value))
    line = shown(board.render(scrape_with("active_users", 3), 10))[1]
    assert len(line.split()[-1]) == TREND_POINTS


def test_a_ratio_is_of_orders_alone_and_in_percent() -> None:
    changes: dict[Key, float] = {
        ("conversion_ratio", (("goal", goal), ("window", "5m"))): share
        for goal, share in (("order", 0.125), ("signup", 0.5))
    }
    lines = shown(Board().render(scrape_of(ledger_of(), changes), 10))
    (line,) = [line for line in lines if "orders per user" in line]
    assert line.split()[3] == "12.50%"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (999_999, "999,999"),
        (999_999.6, "1.00M"),
        (1_487_223, "1.49M"),
        (80_817_221, "80.82M"),
        (7.5e9, "7.50B"),
    ],
)
def test_no_number_is_cut_at_any_width(width: int, value: float, text: str) -> None:
    board = Board()
    for step in range(TREND_POINTS):
        board.observe(scrape_with("active_users", step))
    lines = shown(board.render(scrape_with("active_users", value), 5_000_000, width), width)
    words = lines[1].split()
    assert words[:2] == ["Active", "users"]
    assert words[2:].count(text) == (4 if width == 60 else 5)
    assert not any("…" in line for line in lines)
    assert max(map(len, lines)) <= width
    assert [line for line in lines if line.startswith("Feature uses")]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_live_board_shows_all_that_was_set_aside(width: int) -> None:
    file = io.StringIO()
    console = Console(width=width, height=40, soft_wrap=True, force_terminal=True, file=file)
    scraped = scrape_of(ledger_of())
    with Live(console=console, auto_refresh=False) as live:
        live.update(Board().render(scraped, 10, console.width), refresh=True)
    text = " ".join(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", file.getvalue()).split())
    assert "0 dead letters, 0 future, 0 bots, 7 late, 0 duplicates" in text


def test_health_is_one_line_of_what_was_read_and_set_aside() -> None:
    ledger = ledger_of()
    assert health(scrape_of(ledger), 20).plain == (
        f"as of 12:00:00 UTC, {ledger.total()} of 20 records read, 3 behind; "
        "set aside: 0 dead letters, 0 future, 0 bots, 7 late, 0 duplicates"
    )


def test_without_numbers_the_board_says_that_it_waits() -> None:
    down = Scrape({("up", ()): 0.0})
    for scraped in (Scrape(), down):
        board = Board()
        board.observe(scraped)
        lines = shown(board.render(scraped, 10))
        assert lines[1].split() == ["Active", "users", *"-----"]
        assert lines[-1].startswith("waiting for the first complete numbers")


def today(name: str, gauge: float, expected: float, **labels: str) -> Row:
    pairs = tuple(sorted({"window": "today", **labels}.items()))
    return Row((name, pairs), gauge, expected, expected)


def test_lines_of_the_comparison_add_up_counts_but_no_money_persons_or_ratios() -> None:
    rows = [
        Row(("page_views_total", (("page", "Home"),)), 1, 1, 1),
        Row(("page_views_total", (("page", "Docs"),)), 2, 2, 2),
        Row(("revenue_total", (("currency", "EUR"),)), 1.5, 1.5, 1.5),
        Row(("revenue_total", (("currency", "USD"),)), 2, 2, 2),
        today("conversion_ratio", 0.25, 0.25, goal="order"),
        today("converting_users", 7, 7, goal="order"),
        today("converting_users", 8, 8, goal="signup"),
    ]
    assert [line.split() for line in shown(comparison_table(rows))[2:]] == [
        ["page_views_total", "3", "3", "2", "of", "2"],
        ["revenue_total", "EUR", "1.50", "1.50", "1", "of", "1"],
        ["revenue_total", "USD", "2", "2", "1", "of", "1"],
        ["conversion_ratio", "order", "0.2500", "0.2500", "1", "of", "1"],
        ["converting_users", "order", "7", "7", "1", "of", "1"],
        ["converting_users", "signup", "8", "8", "1", "of", "1"],
    ]


def test_a_comparison_counts_all_windows_and_shows_today() -> None:
    other = Row(("windowed_shares", (("channel", "x"), ("window", "5m"))), 9, 8, 8)
    lines = shown(comparison_table([today("windowed_shares", 3, 3, channel="x"), other]))
    assert lines[2].split() == ["windowed_shares", "3", "3", "1", "of", "2"]


@pytest.mark.parametrize("width", WIDTHS)
def test_the_comparison_is_whole_at_any_width(width: int) -> None:
    rows = [
        today("conversions_per_interaction", 0.1, 0.1, goal="subscription"),
        Row(("revenue_total", EUR), 139_303_583.58, 139_303_583.58, 1),
    ]
    lines = shown(comparison_table(rows), width)
    assert not any("…" in line for line in lines)
    assert "139,303,583.58  139,303,583.58  1 of 1" in lines[-1] or width == 60
    assert "".join(lines).count("139,303,583.58") == 2


def test_a_series_that_differs_is_shown_with_its_labels() -> None:
    rows = [Row(("mentions_total", (("channel", "x"),)), float("nan"), 5, 5)]
    text = "\n".join(shown(difference_table(rows)))
    assert re.search(r"mentions_total\{channel=x\}\s+nan\s+5", text)
    assert "0 of 1" in "\n".join(shown(comparison_table(rows)))


def test_an_estimate_is_told_with_the_truth() -> None:
    row = Row(("active_users", (("window", "30d"),)), 5_050, 5_050, 5_000)
    exact = Row(("active_users", (("window", "5m"),)), 10, 10, 10)
    assert estimates([row, exact]) == ["active_users, 30d: 5,050 estimated, 5,000 true (1.0% off)"]
