"""The boards: up to date, complete, and asking for nothing that is not there."""

from __future__ import annotations

import asyncio
import re

import pytest

from agents.app import create_app
from agents.shard_metrics import ShardCollector
from agents.worker_metrics import WorkerCollector
from exporters.boards.__main__ import FOLDER
from exporters.boards.all import boards
from exporters.exposition import process_collectors
from exporters.families import beside
from exporters.publisher_health import PublisherCollector
from exporters.recording import rules_of
from streams.catalogue import Metric
from streams.catalogue_file import load
from streams.windows import WINDOWS
from streams.wire import SEGMENT
from tests.agents.made_up import GENERATION, SETTINGS
from tests.exporters.boards.shown import (
    BOARDS,
    SEARCHES,
    SHIPPED,
    Json,
    boards_of,
    expressions,
    panels,
    selectors,
)

EVERY = pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))
BUSINESS = pytest.mark.parametrize("name", sorted(set(BOARDS) - {"pipeline"}))
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


def own_series() -> set[str]:
    """What workers and exporters tell of themselves."""

    async def of_a_worker() -> set[str]:
        app = create_app(SETTINGS, 2, GENERATION)
        collectors = [WorkerCollector(app), ShardCollector(app), PublisherCollector([])]
        families = [f for one in (*collectors, *process_collectors()) for f in one.collect()]
        return {f.name + ("_total" if f.type == "counter" else "") for f in [*families, *beside()]}

    return asyncio.run(of_a_worker()) | {"up"}


def test_the_files_are_what_the_catalogue_says() -> None:
    told = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    assert told == {board.name: board.text() for board in boards(SHIPPED)}, (
        "run python -m exporters.boards"
    )


def test_the_five_boards_are_there_under_names_that_stay() -> None:
    uids = {
        f"tidegauge-{name}" for name in ("overview", "churn", "launch", "engagement", "pipeline")
    }
    assert {board["uid"] for board in BOARDS.values()} == uids


@EVERY
def test_every_series_that_is_asked_for_is_recorded_or_told_by_a_process(board: Json) -> None:
    recorded = {rule.record for rule in rules_of(SHIPPED)}
    asked = {name for expression in expressions(board) for name, _ in selectors(expression)}
    assert asked - recorded <= own_series()
    assert len(asked) > 8


@BUSINESS
def test_a_business_board_asks_for_recorded_series_only(name: str) -> None:
    asked = {s for expression in expressions(BOARDS[name]) for s, _ in selectors(expression)}
    assert all(series.startswith("job:") for series in asked)


@EVERY
def test_what_is_asked_is_of_the_chosen_jobs_and_processes(board: Json) -> None:
    for expression in expressions(board):
        for name, matchers in selectors(expression):
            assert 'job=~"$job"' in matchers, expression
            assert name.startswith("job:") or 'instance=~"$instance"' in matchers


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


@EVERY
def test_a_rate_goes_by_what_the_panel_can_show(board: Json) -> None:
    for panel in panels(board):
        for target in panel["targets"]:
            ranges = re.findall(r"\[(.*?)\]", target["expr"])
            assert set(ranges) <= {"$__rate_interval"}
            assert len(ranges) == target["expr"].count("rate(")


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
def test_a_number_that_is_absent_is_not_the_last_one_there_was(board: Json) -> None:
    for panel in panels(board):
        if panel["type"] != "timeseries":
            assert all(target["instant"] and not target.get("range") for target in panel["targets"])
            assert panel["fieldConfig"]["defaults"]["noValue"] == "not known"
        else:
            assert not panel["fieldConfig"]["defaults"]["custom"].get("spanNulls")


@EVERY
def test_panels_have_numbers_of_their_own_and_do_not_overlap(board: Json) -> None:
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(numbers) == len(set(numbers))
    taken = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, panel["title"]
                taken.add((x, y))


@EVERY
def test_a_board_cannot_be_edited_and_links_to_the_others(board: Json) -> None:
    assert board["editable"] is False
    (link,) = board["links"]
    assert (link["type"], link["includeVars"], link["keepTime"]) == ("dashboards", True, True)
    assert set(link["tags"]) <= set(board["tags"])


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
    without = load(SEGMENT, {"own": {"metrics": {"nps_score": {"enabled": False}}}})
    for board in boards_of(without).values():
        assert "nps_score" not in " ".join(expressions(board))
    assert "nps_score" in " ".join(expressions(BOARDS["engagement"]))


@pytest.mark.parametrize(
    "metric", [m for m in SHIPPED.metrics.values() if m.kind in ("count", "distinct", "ratio")]
)
def test_any_metric_that_can_be_compared_has_a_series_of_its_last_hour(metric: Metric) -> None:
    (panel,) = [p for p in panels(BOARDS["launch"]) if "weeks before" in p["title"]]
    of_metric = panel["targets"][0]["expr"].replace("${metric}", metric.name)
    gauges = {f"job:{name}:max" for name in metric.gauge_names}
    assert not metric.windows or gauges & {name for name, _ in selectors(of_metric)}


def test_columns_of_a_table_have_no_name_that_would_keep_its_lines_apart() -> None:
    tables = [panel for panel in panels(BOARDS["launch"]) if panel["type"] == "table"]
    assert [panel["title"] for panel in tables] == ["Goals", "Guardrails"]
    for panel in tables:
        assert all(target["expr"].startswith("max without (") for target in panel["targets"])


def test_an_effect_counts_as_good_where_the_catalogue_says_so() -> None:
    titles = {panel["title"]: panel for panel in panels(BOARDS["launch"])}
    less = "|".join(m.name for m in SHIPPED.metrics.values() if m.direction == "down")
    gained = titles["Goals that gained"]["targets"][0]["expr"]
    assert re.search(rf'lower_ratio:max{{[^}}]*metric!~"{re.escape(less)}"}} > 0', gained)
    assert re.search(rf'upper_ratio:max{{[^}}]*metric=~"{re.escape(less)}"}} < 0', gained)
    assert "cancellations" in less
