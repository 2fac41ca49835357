"""The page says everything it should, and nothing an event says becomes markup."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from exporters.page.audience import PRIVATE, Audience
from exporters.page.rendering import render
from exporters.snapshot_store import Snapshot
from exporters.view import View
from tests.exporters.page.made_up import HOSTILE, LOW, PUBLIC, TODAY, a_note, page, sheet, view
from tests.exporters.published_events import new_folding

METRICS = new_folding().catalogue.metrics
VOID = {"meta", "link"}
BOTH = pytest.mark.parametrize("audience", [PRIVATE, PUBLIC], ids=["private", "public"])


class Outline(HTMLParser):
    """What a reader meets, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        self.ids += [name for name in [found.get("id")] if name]
        if re.fullmatch(r"h\d", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def text_of(html: str) -> str:
    """The words of a page, without its markup."""
    words = " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())
    return re.sub(r" ([.,:;])", r"\1", words)


def article(html: str, metric: str) -> str:
    return html[html.index(f'<article id="{metric}"') :].split("</article>", maxsplit=1)[0]


def test_every_metric_is_there_with_its_definition_and_example() -> None:
    words = text_of(page())
    for metric in METRICS.values():
        found = text_of(article(page(), metric.name))
        assert metric.title in words
        assert metric.definition in found
        assert metric.formula in found
        assert " ".join(metric.limits.split()) in found
        assert metric.example is not None
        assert all(result in found for result in metric.example.results())
        assert metric.example.because in found


def test_a_card_tells_value_window_completeness_and_instant() -> None:
    found = text_of(article(page(), "active_users"))
    reading = view().reading
    assert reading is not None
    (today,) = reading.of_window("active_users", "today")
    assert (
        f"Active users Today so far, complete, as of 15:06:40. ↑ More is better. {today.value:.0f}"
        in found
    )
    assert "30 days" in found
    assert re.search(r"High \d+ on \d+ \w+ ▲ Low \d+ on \d+ \w+", found)


def test_a_ratio_is_a_percentage_with_its_n_and_money_has_its_currency() -> None:
    assert re.search(r"order \d+\.\d+% n = \d+", text_of(article(page(), "conversion_ratio")))
    assert re.search(r"EUR [\d,]+\.00 EUR", text_of(article(page(), "revenue")))


@BOTH
def test_what_events_say_never_becomes_markup(audience: Audience) -> None:
    html = page(audience)
    assert HOSTILE in text_of(html)
    assert "alert('x')</script>" not in html
    scripts = re.findall(r"<script\b[^>]*>", html)
    assert scripts == ['<script src="page.js" defer>']


@BOTH
def test_nothing_is_asked_of_anybody_else(audience: Audience) -> None:
    html = page(audience)
    targets = re.findall(r"""\b(?:src|href|srcset|action|data)=["']([^"']*)""", html)
    assert all(re.match(r"[#./a-z?]", one) and "//" not in one for one in targets), targets
    assert " style=" not in html
    assert not re.search(r"\son\w+=", html)


@BOTH
def test_the_page_is_well_formed_with_one_first_heading_and_none_left_out(
    audience: Audience,
) -> None:
    outline = Outline(page(audience))
    assert outline.open == []
    assert outline.headings.count(1) == 1
    steps = pairwise(outline.headings)
    assert all(after <= before + 1 for before, after in steps)
    assert len(outline.ids) == len(set(outline.ids))
    assert outline.named("html")[0]["lang"] == "en"
    for name in ("main", "header", "footer", "nav"):
        assert len(outline.named(name)) == 1
    assert len(outline.named("table")) == len(outline.named("caption"))
    labels = [one.get("aria-labelledby") for _, one in outline.tags]
    assert {name for one in labels if one for name in one.split()} <= set(outline.ids)


def test_a_note_is_listed_and_marked_in_its_chart() -> None:
    html = article(page(), "conversions")
    words = text_of(html)
    assert "Half as many orders as the day before." in words
    assert "Reason: The payment provider refused cards for six hours." in words
    assert "Response: A second provider stands by since the following week." in words
    assert html.count('class="mark"') == 1
    assert f'<time datetime="{LOW}">' in html
    assert 'class="mark"' not in article(page(), "page_views")


def test_a_note_older_than_the_chart_is_listed_but_not_marked() -> None:
    old, new = a_note(TODAY - timedelta(days=200)), a_note(TODAY - timedelta(days=200), until=TODAY)
    for note, marks in ((old, 0), (new, 1)):
        (card,) = (
            card for card in sheet(view(), notes=(note,)).cards if card.metric.name == "conversions"
        )
        assert len(card.notes) == 1
        assert card.lines[0].chart is not None
        assert len(card.lines[0].chart.marks) == marks


def test_the_table_of_days_says_what_the_chart_draws() -> None:
    for card in sheet(view()).cards:
        for line in card.lines:
            drawn = 0 if line.chart is None else len(line.chart.dots)
            assert sum(day.cell.shown for day in line.days) == drawn
            assert len(line.days) == 30
            assert line.days[0].state == "still running"


def test_high_and_low_are_of_complete_days_only() -> None:
    for card in sheet(view(days=10)).cards:
        for line in card.lines:
            for end in (line.high, line.low):
                assert end is None or str(TODAY - timedelta(days=9)) < end.date < str(TODAY)


def test_without_numbers_the_page_says_why_and_shows_none() -> None:
    broken = View(Snapshot(problems=["partition 3 is <missing>"]), None)
    html = render(sheet(broken)).live
    assert "partition 3 is &lt;missing&gt;" in html
    assert "No numbers right now" in html
    assert "<article" not in html
    public = render(sheet(broken, PUBLIC)).live
    assert "No numbers right now" in public
    assert "missing" not in public


def test_a_page_that_is_held_still_does_not_reload() -> None:
    rendered = render(sheet(view()))
    assert 'http-equiv="refresh"' in rendered.live
    assert 'data-refresh="10"' in rendered.live
    assert 'http-equiv="refresh"' not in rendered.paused
    assert 'data-refresh="0"' in rendered.paused


def test_the_public_sees_the_chosen_metrics_in_their_order_and_nothing_of_the_pipeline() -> None:
    html = page(PUBLIC)
    assert re.findall(r'<article id="(\w+)"', html) == list(PUBLIC.metrics or ())
    for private in ("/metrics", "readyz", "The pipeline", "from the topic", "Last 5 minutes"):
        assert private not in text_of(html)
