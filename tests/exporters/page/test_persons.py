"""What is known of persons is on the page like everything else, with its days where it has any."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from exporters.page import wording
from exporters.page.audience import Audience
from exporters.page.notes_file import NotesFile
from exporters.page.service import Page
from exporters.page.sheet import Card
from exporters.view import View
from streams.history import DAYS
from tests.exporters.page.made_up import TODAY, sheet, view
from tests.exporters.page.test_page import article, text_of
from tests.exporters.published_events import new_folding

METRICS = new_folding().catalogue.metrics
NOT_TOLD = {"retention_ratio", "churn_ratio", "plan_churn_ratio", "nps_score", "nps_responses"}
"""Nobody new came here lately, nobody told who had subscribed, and nobody was asked."""
OF_PERSONS = [
    metric
    for metric in METRICS.values()
    if metric.kind == "persons" and metric.name not in NOT_TOLD
]


def card(name: str) -> Card:
    (found,) = (card for card in sheet(view()).cards if card.metric.name == name)
    return found


def served() -> str:
    async def shown() -> View:
        return view()

    folding = new_folding()
    page = Page(folding, shown, NotesFile("", folding.catalogue))
    return asyncio.run(page.rendered()).live


def test_the_page_as_it_is_served_has_a_number_and_days_for_every_metric_of_persons() -> None:
    html = served()
    assert OF_PERSONS
    for metric in OF_PERSONS:
        found = article(html, metric.name)
        assert "<svg" in found, metric.name
        assert "Worked out exactly" in text_of(found)


@pytest.mark.parametrize("name", ["stickiness_ratio", "lifecycle_users"])
def test_what_has_no_windows_is_of_the_last_whole_day_and_so_is_each_of_its_days(name: str) -> None:
    found = card(name)
    assert (found.window, found.complete) == ("The last whole day", "")
    assert [title for _, title, _ in found.windows] == ["The last whole day"]
    for line in found.lines:
        today, yesterday = line.days[:2]
        assert (today.date, today.cell.shown) == (TODAY.isoformat(), False)
        assert yesterday.date == (TODAY - timedelta(days=1)).isoformat()
        assert yesterday.cell == line.main
        assert line.main.shown


def test_days_of_sessions_and_of_active_people_are_those_of_their_windows() -> None:
    for name in ("windowed_sessions", "active_users", "sessions_per_user"):
        (line,) = card(name).lines
        assert [row.cell for row in line.days[:2]] == [
            line.windows["today"],
            line.windows["yesterday"],
        ]


def test_a_number_of_persons_is_its_own_n_and_a_share_of_them_tells_none() -> None:
    for row in card("lifecycle_users").lines:
        assert row.main.detail == ""
    assert card("stickiness_ratio").lines[0].main.detail == ""
    (line,) = card("sessions_per_user").lines
    active = card("active_users").lines[0].main.text
    assert line.main.detail == f"n = {active}"


def test_the_public_is_told_of_sessions_only_where_enough_stand_behind_them() -> None:
    shown = sheet(view(), Audience(("windowed_sessions",), 10))
    (line,) = shown.cards[0].lines
    assert line.main.shown
    shown = sheet(view(), Audience(("windowed_sessions",), 1_000_000))
    (line,) = shown.cards[0].lines
    assert line.main.text == "fewer than 1000000"


def test_active_people_are_said_to_be_exact_for_whole_days() -> None:
    assert wording.exactness(METRICS["active_users"]).startswith("Exact for whole days")
    assert wording.exactness(METRICS["converting_users"]) == wording.KINDS["distinct"]
    assert len(card("active_users").lines[0].days) == DAYS
