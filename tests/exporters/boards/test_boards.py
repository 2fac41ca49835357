"""The boards: up to date, complete, and each with what all of them have."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from exporters.boards.all import boards
from streams.catalogue import Catalogue
from streams.catalogue_file import load
from streams.windows import WINDOWS
from streams.wire import SEGMENT
from tests.exporters.boards.shown import (
    BOARDS,
    BUSINESS,
    EVERY,
    FOLDER,
    SEARCHES,
    SHIPPED,
    Json,
    boards_of,
    expressions,
    panels,
)

OWN: Json = {
    "goals": {"upgrade": "Plan Upgraded"},
    "segments": {"platform": {"path": "context.device.type", "values": ["web", "ios"]}},
    "metrics": {
        "help_rating": {
            "title": "Help rating",
            "definition": "How people rate the help they got.",
            "formula": "answers of 4 and 5 / all answers",
            "kind": "score",
            "events": [{"name": "Help Rated"}],
            "value": "stars",
            "lowest": 1,
            "highest": 5,
            "good": [4, 5],
        }
    },
}


WATCHED_SEARCHES = SEARCHES | {"watch": {"alarm": "rise"}}


def test_the_files_are_what_the_catalogue_says() -> None:
    told = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    assert told == {board.name: board.text() for board in boards(SHIPPED)}, (
        "run tidegauge boards deploy"
    )


def test_the_five_boards_are_there_under_names_that_stay() -> None:
    uids = {
        f"tidegauge-{name}" for name in ("overview", "churn", "launch", "engagement", "pipeline")
    }
    assert {board["uid"] for board in BOARDS.values()} == uids


@EVERY
def test_variables_that_are_used_are_there(board: Json) -> None:
    used = {word for text in _texts(board) for word in re.findall(r"\$\{?(\w+)\}?", text)}
    there = {variable["name"] for variable in board["templating"]["list"]}
    assert used - {"__rate_interval", "__all"} <= there
    assert there >= {"datasource", "job"}


@EVERY
def test_choices_follow_what_prometheus_has(board: Json) -> None:
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            assert variable["datasource"]["uid"] == "${datasource}"
            assert variable["refresh"] == 2  # when the time changes
        if variable["name"] in ("job", "instance"):
            assert (variable["multi"], variable["allValue"]) == (True, ".+")


def _texts(board: Json) -> list[str]:
    asked = [target["expr"] for panel in panels(board) for target in panel["targets"]]
    asked += [variable.get("query", "") for variable in board["templating"]["list"]]
    return asked + [panel["title"] for panel in board["panels"]]


@EVERY
def test_every_panel_says_what_it_shows_in_which_unit_from_the_chosen_source(board: Json) -> None:
    for panel in panels(board):
        assert panel["title"]
        assert len(panel["description"]) > 20, panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["targets"], panel["title"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


@EVERY
def test_panels_have_numbers_of_their_own_and_do_not_overlap(board: Json) -> None:
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(numbers) == len(set(numbers))
    assert fits(board)


@pytest.mark.parametrize("name", ["active_users", "cancellations", "csat", "nps_score"])
def test_panels_do_not_overlap_where_one_is_missing(name: str) -> None:
    for board in boards_of(without(name)).values():
        assert fits(board)


def fits(board: Json) -> bool:
    """Whether no two panels share a place and none stands out."""
    places = [panel["gridPos"] for panel in board["panels"]]
    taken = Counter(
        (place["x"] + x, place["y"] + y)
        for place in places
        for x in range(place["w"])
        for y in range(place["h"])
    )
    return max(taken.values()) == 1 and max(x for x, _ in taken) < 24


def without(name: str) -> Catalogue:
    """The shipped catalogue without a metric and those that are made of it."""
    made_of_it = {m.name for m in SHIPPED.metrics.values() if name in (m.numerator, m.denominator)}
    off = {one: {"enabled": False} for one in (name, *made_of_it)}
    return load(SEGMENT, {"own": {"metrics": off}})


@EVERY
def test_a_board_cannot_be_edited_and_links_to_the_others(board: Json) -> None:
    assert board["editable"] is False
    numbers, pipeline = board["links"]
    assert numbers["type"] == "dashboards"
    assert {name for name, b in BOARDS.items() if {*numbers["tags"]} <= {*b["tags"]}} == {
        *BOARDS
    } - {"pipeline"}
    assert pipeline["url"].startswith(f"/d/{BOARDS['pipeline']['uid']}?")
    assert numbers["keepTime"]
    assert pipeline["keepTime"]


@EVERY
def test_jobs_that_were_chosen_do_not_go_between_the_pipeline_and_the_others(board: Json) -> None:
    numbers, pipeline = board["links"]
    assert numbers["includeVars"] == (board["uid"] != "tidegauge-pipeline")
    assert not pipeline["includeVars"]
    assert "var-job" not in pipeline["url"]


@EVERY
def test_launches_are_marked_at_the_time_that_is_their_value(board: Json) -> None:
    starts, ends = board["annotations"]["list"]
    for marks, gauge in ((starts, "start"), (ends, "end")):
        assert marks["enable"]
        assert marks["useValueForTime"]
        assert "{{launch}}" in marks["titleFormat"]
        wanted = f'job:tidegauge_launch_{gauge}_timestamp_seconds:max{{job=~"$job"}} * 1000'
        assert marks["expr"] == marks["target"]["expr"] == wanted


@BUSINESS
def test_a_business_board_begins_with_whether_the_numbers_can_be_trusted(name: str) -> None:
    strip = panels(BOARDS[name])[:4]
    asked = [target["expr"] for panel in strip for target in panel["targets"]]
    for expression, gauge in zip(
        asked, ("up", "as_of_timestamp_seconds", "window_complete", "label_overflow"), strict=True
    ):
        assert f"job:tidegauge_{gauge}:max" in expression
    assert {panel["gridPos"]["y"] for panel in strip} == {0}


@EVERY
def test_a_window_that_can_be_chosen_is_one_there_is(board: Json) -> None:
    for variable in board["templating"]["list"]:
        if variable["name"] == "window":
            assert {option["value"] for option in variable["options"]} <= set(WINDOWS)
            assert variable["current"]["value"] in WINDOWS


def test_every_metric_is_on_some_board() -> None:
    shown = {name for board in boards(SHIPPED) for name in board.shown}
    assert shown >= set(SHIPPED.metrics)


def test_a_metric_of_your_own_has_its_panels_with_its_own_words() -> None:
    mine = {
        panel["title"]: panel
        for panel in panels(boards_of(load(SEGMENT, {"own": OWN}))["engagement"])
    }
    rating = mine["Help rating: ratio"]
    assert "How people rate the help they got." in rating["description"]
    assert rating["fieldConfig"]["defaults"]["unit"] == "percentunit"
    assert (
        'job:tidegauge_help_rating_ratio:max{job=~"$job",window="$window"}'
        in (rating["targets"][0]["expr"])
    )
    assert any("platform" in panel["targets"][0]["legendFormat"] for panel in mine.values())


def test_a_metric_of_your_own_that_is_watched_is_judged_on_a_board() -> None:
    own = boards_of(load(SEGMENT, {"own": {"metrics": {"searches": WATCHED_SEARCHES}}}))
    asked = " ".join(expressions(own["engagement"]))
    assert 'job:tidegauge_watched_score:max{job=~"$job",metric="searches"}' in asked


def test_a_metric_that_is_not_there_leaves_no_panel() -> None:
    for board in boards_of(without("nps_score")).values():
        assert "nps_score" not in " ".join(expressions(board))
    assert "nps_score" in " ".join(expressions(BOARDS["engagement"]))
