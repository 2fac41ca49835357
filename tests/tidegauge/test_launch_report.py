"""What a person reads of launches, on a terminal and as Markdown."""

from __future__ import annotations

import io
import re
import shlex
from pathlib import Path

import pytest
from rich.console import Console

from streams.launches.effect import Effect
from streams.launches.launch import Launch, found
from streams.launches.shares import Share, difference, share
from streams.launches.split import Part, Split, segments
from streams.partition import Partition
from tests.streams.made_up import DAY, HOUR, MINUTE, Row, a_folding, fold, moment, published
from tidegauge.__main__ import _parser
from tidegauge.grid import Grid, Paper
from tidegauge.launch_report import listing, report

START = moment("2026-11-23T09:00+01:00")
MINE = """
[segments]
variant = { property = "variant", values = ["hidden", "shown"] }
[metrics.calls]
title = "Calls"
definition = "Calls."
formula = "count"
kind = "count"
events = [{ name = "Called" }]
"""
RULES = a_folding({"mine.toml": MINE})
ORDERS = 'conversions{goal="order"}'
LAUNCH = Launch("New pricing", START, None, (ORDERS,), ("cancellations",))
NOW = START + 3 * DAY + 4 * HOUR + 5 * MINUTE
GOAL = (("goal", "order"),)


def on_a_terminal(paper: Paper, width: int = 120) -> str:
    out = io.StringIO()
    paper.show(Console(file=out, width=width))
    return out.getvalue()


def told(effects: list[Effect], launch: Launch = LAUNCH, split: Split | None = None) -> str:
    return on_a_terminal(report(RULES, launch, NOW, effects, split))


def row_of(text: str, begins: str) -> str:
    [row] = [line for line in text.splitlines() if line.startswith(begins)]
    return " ".join(row.split())


def test_an_effect_is_told_with_what_was_seen_and_expected() -> None:
    text = told([Effect("conversions", GOAL, "goal", 1234, 1100, 0.031, 0.219)])
    expected = f"{ORDERS} goal better 1,234 1,100 +12.2% +3.1% to +21.9%"
    assert row_of(text, ORDERS) == expected
    assert "Began 2026-11-23 09:00, goes on (3 days 4 hours)" in text
    assert "Not compared: cancellations." in text


@pytest.mark.parametrize(
    ("metric", "bounds", "says"),
    [
        ("conversions", (0.01, 0.2), "better"),
        ("conversions", (-0.2, -0.01), "worse"),
        ("conversions", (-0.1, 0.1), "no difference seen"),
        ("cancellations", (0.01, 0.2), "worse"),
        ("cancellations", (-0.2, -0.01), "better"),
        ("calls", (0.01, 0.2), "more"),
        ("calls", (-0.2, -0.01), "less"),
    ],
)
def test_only_what_is_more_than_chance_is_called_a_difference(
    metric: str, bounds: tuple[float, float], says: str
) -> None:
    text = told([Effect(metric, (), "goal", 100, 100, *bounds)])
    assert f" {says} " in row_of(text, metric)


def test_a_ratio_is_told_as_one() -> None:
    text = told([Effect("conversion_ratio", GOAL, "goal", 0.0712, 0.07, -0.1, 0.1)])
    assert "7.12% 7.00% +1.7%" in row_of(text, "conversion_ratio")


def test_what_cannot_be_compared_is_said_with_the_reason() -> None:
    text = told([], LAUNCH._replace(metrics=("convertions",), guardrails=()))
    assert "Not compared: there is no metric 'convertions'; did you mean" in text
    assert "a mark, nothing more" in told([], LAUNCH._replace(metrics=(), guardrails=()))


def parts() -> list[Part]:
    hidden, shown = share(50, 1000), share(75, 1000)
    assert hidden is not None
    assert shown is not None
    return [
        Part("hidden", 1000, 60, 50, hidden, None),
        Part("shown", 1000, 90, 75, shown, difference(shown, hidden)),
    ]


def test_the_parts_of_a_segment_stand_below_each_other() -> None:
    split = Split(START, NOW, {"order": parts()})
    text = told([], LAUNCH._replace(split="variant"), split)
    assert row_of(text, "hidden") == "hidden 1,000 60 50 5.00% (3.81% to 6.53%) -"
    assert row_of(text, "shown").startswith("shown 1,000 90 75 7.50% (6.03% to 9.30%) +2.50 points")
    assert "By variant: order" in text
    assert "That is not all of it" not in text
    assert "an estimate" not in text


def test_a_report_says_how_far_back_the_parts_are_known() -> None:
    late = Split(START + HOUR, NOW, {"order": [Part("hidden", 5000, 0, 0, Share(0, 0, 0.1), None)]})
    text = told([], LAUNCH._replace(split="variant"), late)
    assert "counted from 2026-11-23 10:00 to 2026-11-26 13:05" in text
    assert "That is not all of it" in text
    assert "Beyond 4,096 people" in text
    assert "By variant: nothing" in told([], LAUNCH._replace(split="variant"))
    assert "no segment 'platform' any more" in told([], LAUNCH._replace(split="platform"))


def test_the_latest_launch_is_listed_first() -> None:
    over = Launch("Old", START - DAY, START - DAY + 61 * MINUTE)
    text = on_a_terminal(listing(RULES, [over, LAUNCH], NOW))
    rows = [line for line in text.splitlines() if line.startswith(("Old", "New"))]
    assert [" ".join(row.split()) for row in rows] == [
        f"New pricing 2026-11-23 09:00 goes on 3 days 4 hours {ORDERS} cancellations",
        "Old 2026-11-22 09:00 2026-11-22 10:01 1 hour 1 minute - -",
    ]


def test_markdown_says_the_same_and_escapes_what_it_would_read() -> None:
    launch = LAUNCH._replace(name="a|b *c* <d>")
    effects = [Effect("conversions", GOAL, "goal", 1234, 1100, 0.031, 0.219)]
    text = report(RULES, launch, NOW, effects, None).markdown()
    assert text.startswith("## a\\|b \\*c\\* \\<d\\>\n\nBegan 2026-11-23 09:00")
    assert "\n|---|---|---|---:|---:|---:|---:|\n" in text
    cells = 'conversions\\{goal="order"\\} | goal | better | 1,234 | 1,100 | +12.2%'
    assert cells in text


def test_a_name_is_no_markup_and_no_number_is_cut() -> None:
    grid = Grid(("what", "number"), [("[red]x[/]" * 20, "123,456,789,012")])
    text = on_a_terminal(Paper("[bold]", "[i]", [grid], ["[b]"]), width=40)
    assert "123,456,789,012" in text
    assert all(word in text for word in ("[bold]", "[i]", "[b]", "[red]x[/]"))


PAGE = (Path(__file__).parents[2] / "docs" / "launches.md").read_text("utf-8")


def test_the_example_of_the_page_is_what_a_report_says() -> None:
    split = Split(START, NOW, {"order": parts()})
    text = report(RULES, LAUNCH._replace(split="variant"), NOW, [], split).markdown()
    rows = {line.split(" | ")[0]: line.split(" | ") for line in text.splitlines()}
    told = [line.split(" | ") for line in PAGE.splitlines() if line.startswith(("| hid", "| sho"))]
    assert len(told) == 2
    assert told == [rows[row[0]] for row in told]


def test_the_effects_of_the_page_are_what_a_report_says() -> None:
    effects = [
        Effect("conversions", GOAL, "goal", 1500, 1000, 0.31, 0.72),
        Effect("cancellations", (), "guardrail", 52, 50, -0.28, 0.5),
    ]
    text = report(RULES, LAUNCH, NOW, effects, None).markdown()
    rows = [line.replace("\\", "") for line in text.splitlines() if line.startswith("| c")]
    assert rows == [line for line in PAGE.splitlines() if line.startswith("| c")]


def test_what_the_page_shows_is_understood() -> None:
    mine, variant = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert a_folding({"page": mine}).catalogue.launches.started == "Flag Switched On"
    assert segments(a_folding({"page": variant}).catalogue) == ["variant"]
    records = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    partition = fold(
        Partition(RULES), [Row(n, START + 8 * DAY, text.encode()) for n, text in enumerate(records)]
    )
    [launch] = found(RULES, [published(partition)])
    assert launch.metrics == (ORDERS,)
    assert launch.end == launch.start + 7 * DAY


def test_the_commands_of_the_page_are_commands() -> None:
    lines = re.findall(r"^(?:\$ |`)tidegauge (launch [^`\n]+)", PAGE, re.MULTILINE)
    assert len(lines) == 5
    for line in lines:
        assert _parser().parse_args(shlex.split(line)).command
