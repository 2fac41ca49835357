"""A score is one number with the others beside it: all of them are shown, or none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest

from exporters.keys import Source
from exporters.page.audience import PRIVATE, Audience
from exporters.page.cards import sheet_of
from exporters.page.rendering import render
from exporters.page.sheet import Card, Cell, Sheet
from exporters.snapshot_store import Snapshot
from exporters.view import View
from streams.folding import Folding
from streams.history import History
from streams.panes import DAY
from streams.published import Published
from tests.exporters.page.made_up import HOSTILE, PUBLIC, page, sheet, view
from tests.exporters.page.test_page import article, text_of
from tests.exporters.published_events import GENERATION, NOW, Worker, new_folding

EFFORT = """
[metrics.effort]
title = "Effort"
definition = "d"
formula = "f"
kind = "score"
events = [{ name = "Effort Told" }]
value = "score"
lowest = 1
highest = 5
good = [4, 5]
bad = [1, 2]
minimum = 2
labels = ["feature"]
"""
DAYS_ONLY = Audience(("csat",), 10)
Answers = Sequence[dict[str, Any]]


def csat(*scores: int) -> Answers:
    return [{"type": "track", "event": "CSAT Answered", "properties": {"score": s}} for s in scores]


def effort(feature: str, *scores: int) -> Answers:
    return [
        {"type": "track", "event": "Effort Told", "properties": {"score": s, "feature": feature}}
        for s in scores
    ]


def made(*days: Answers, audience: Audience = PRIVATE, folding: Folding | None = None) -> Sheet:
    """The page after these answers, those of today first."""
    worker = Worker(folding or new_folding())
    for back, answers in reversed(list(enumerate(days))):
        worker.send(*answers, time=NOW - back * DAY)
    held = Published(worker.progress(), worker.partition.units.held)
    source = Source.of(worker.folding, GENERATION, "events", 1)
    shown = View.of(worker.folding, Snapshot(source, {0: held}))
    past = History(worker.folding).read([held], NOW)
    return sheet_of(worker.folding, shown, past, (), audience)


def card_of(found: Sheet, name: str = "csat") -> Card:
    (card,) = (card for card in found.cards if card.metric.name == name)
    return card


@pytest.mark.parametrize("audience", [PRIVATE, PUBLIC], ids=["private", "public"])
def test_satisfaction_is_a_share_with_its_average_and_n(audience: Audience) -> None:
    words = text_of(article(page(audience), "csat"))
    assert "Customer satisfaction Today so far" in words
    told = r"\d+\.\d% average \d\.\d\d, n = \d+"
    for row in ("More is better.", "Yesterday", "7 days", "30 days"):
        assert re.search(rf"{row} {told}", words), row
    assert re.search(r"High \d+\.\d% on .* Low \d+\.\d% on", words)
    assert "Every answer counted exactly" in words
    assert "tidegauge_csat_ratio, tidegauge_csat_average, tidegauge_csat_responses" in words
    assert ("Last 5 minutes" in words) == (audience is PRIVATE)


def test_every_window_tells_all_parts() -> None:
    line = card_of(made(csat(*[5] * 12, *[2] * 8))).lines[0]
    whole = Cell("60.0%", "average 3.80, n = 20")
    none = Cell("fewer than 10 answers", "n = 0", shown=False)
    expected = {name: none if name == "yesterday" else whole for name in line.windows}
    assert line.windows == expected
    assert line.main == line.days[0].cell == whole


def test_below_the_minimum_it_is_said_that_there_are_too_few_and_nothing_is_drawn() -> None:
    found = made(csat(*[5] * 9))
    line = card_of(found).lines[0]
    assert line.main == Cell("fewer than 10 answers", "n = 9", shown=False)
    assert (line.chart, line.high, line.low) == (None, None, None)
    assert "fewer than 10 answers n = 9" in text_of(article(render(found).live, "csat"))


@pytest.mark.parametrize(
    "scores",
    [[5] * 9, [5] * 9 + [1], [1] * 9 + [5], [5] * 40, [5] * 40 + [3] * 9],
    ids=["few", "one is not good", "one is good", "all are good", "nine are not good"],
)
def test_the_public_is_told_no_part_of_a_score_that_tells_of_a_small_group(
    scores: list[int],
) -> None:
    found = made(csat(*scores), audience=DAYS_ONLY)
    line = card_of(found).lines[0]
    cells = [*line.windows.values(), *(day.cell for day in line.days)]
    withheld = Cell("withheld", "fewer than 10 stand behind it", shown=False)
    assert line.main == withheld
    assert not any(cell.shown for cell in cells)
    words = text_of(article(render(found).live, "csat").split("Definition and example")[0])
    assert "average" not in words
    assert "n =" not in words
    assert "High" not in words


def test_the_public_is_told_of_a_score_whose_groups_are_large() -> None:
    line = card_of(made(csat(*[5] * 10, *[3] * 10), audience=DAYS_ONLY)).lines[0]
    assert line.main == Cell("50.0%", "average 4.00, n = 20")


def test_a_small_day_of_a_score_is_not_told_by_subtraction() -> None:
    large = csat(*[5] * 20, *[1] * 20)
    days = (large, csat(*[5] * 3), csat(*[5] * 15, *[1] * 15), large)
    line = card_of(made(*days, audience=DAYS_ONLY)).lines[0]
    assert [day.cell.shown for day in line.days[:4]] == [True, False, False, True]
    assert line.windows["7d"].shown
    assert not line.windows["yesterday"].shown


def test_a_net_score_stands_beside_and_the_names_of_labels_never_become_markup() -> None:
    folding = new_folding(catalogue=EFFORT)
    answers = [*effort(HOSTILE, 5, 5, 4, 1), *effort("search", 1, 1, 3), *effort("help", 5)]
    found = made(answers, folding=folding)
    lines = {line.name: line.main for line in card_of(found, "effort").lines}
    assert lines == {
        HOSTILE: Cell("75.0%", "average 3.75, net score +50, n = 4"),
        "search": Cell("0.00%", "average 1.67, net score \N{MINUS SIGN}67, n = 3"),
        "help": Cell("fewer than 2 answers", "n = 1", shown=False),
    }
    html = article(render(found).live, "effort")
    assert HOSTILE in text_of(html)
    assert "<script" not in html


def test_label_sets_without_a_value_come_last() -> None:
    folding = new_folding(catalogue=EFFORT)
    answers = [*effort("a", 5), *(one for name in "bcde" for one in effort(name, 1, 1, 5))]
    card = card_of(made(answers, folding=folding), "effort")
    assert [row.name for row in card.rows] == ["b", "c", "d", "e", "a"]
    assert [line.name for line in card.lines] == ["b", "c", "d", "e"]
    assert [row.share for row in card.rows] == [1, 1, 1, 1, 0]


def test_the_made_up_company_has_days_that_can_be_shown() -> None:
    line = card_of(sheet(view(), PUBLIC)).lines[0]
    assert sum(day.cell.shown for day in line.days) > 20
