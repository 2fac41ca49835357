"""What boards ask for is there, of what was chosen, and now."""

from __future__ import annotations

import re

import pytest

from exporters.boards.processes import LATELY
from exporters.families import beside
from exporters.recording import rules_of
from streams.catalogue import Metric
from streams.launches.asked import can_be_compared
from tests.agents.worker_series import of_a_worker
from tests.exporters.boards.shown import (
    BOARDS,
    BUSINESS,
    EVERY,
    SHIPPED,
    Json,
    choices,
    expressions,
    panels,
    selectors,
)


def own_series() -> set[str]:
    """What workers and exporters tell of themselves."""
    of_exporters = {f.name + ("_total" if f.type == "counter" else "") for f in beside()}
    return of_a_worker() | of_exporters | {"up"}


@EVERY
def test_every_series_that_is_asked_for_is_recorded_or_told_by_a_process(board: Json) -> None:
    recorded = {rule.record for rule in rules_of(SHIPPED)}
    asked = {name for expression in expressions(board) for name, _ in selectors(expression)}
    assert asked - recorded <= own_series()
    assert len(asked) > 8


@EVERY
def test_what_can_be_chosen_comes_of_series_that_are_there(board: Json) -> None:
    told = {rule.record for rule in rules_of(SHIPPED)} | own_series()
    for series, _ in choices(board):
        asked = set(re.findall(r"\bup\b|[\w:]*tidegauge_[\w:]+", series))
        assert asked
        assert asked <= told


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
def test_a_rate_goes_by_what_the_panel_can_show(board: Json) -> None:
    for panel in panels(board):
        for target in panel["targets"]:
            ranges = re.findall(r"\[(.*?)\]", target["expr"])
            assert set(ranges) <= {"$__rate_interval", LATELY}
            assert ranges.count("$__rate_interval") == target["expr"].count("rate(")


@EVERY
def test_a_number_that_is_absent_is_not_the_last_one_there_was(board: Json) -> None:
    for panel in panels(board):
        if panel["type"] != "timeseries":
            assert all(target["instant"] and not target.get("range") for target in panel["targets"])
            assert panel["fieldConfig"]["defaults"]["noValue"] == "not known"
        else:
            assert not panel["fieldConfig"]["defaults"]["custom"].get("spanNulls")


@pytest.mark.parametrize(
    "metric", [m for m in SHIPPED.metrics.values() if m.kind in ("count", "distinct", "ratio")]
)
def test_any_metric_that_can_be_compared_has_a_series_of_its_last_hour(metric: Metric) -> None:
    (panel,) = [p for p in panels(BOARDS["launch"]) if "weeks before" in p["title"]]
    of_metric = panel["targets"][0]["expr"].replace("${metric}", metric.name)
    gauges = {f"job:{name}:max" for name in metric.gauge_names}
    assert not metric.windows or gauges & {name for name, _ in selectors(of_metric)}


@pytest.mark.parametrize(
    "metric", [m for m in SHIPPED.metrics.values() if can_be_compared(SHIPPED, m)]
)
def test_lines_of_a_launch_are_told_apart_by_every_label(metric: Metric) -> None:
    repeated = [panel for panel in panels(BOARDS["launch"]) if panel["title"].startswith("$metric")]
    assert len(repeated) == 3
    for panel in repeated:
        legends = [target["legendFormat"] for target in panel["targets"]]
        assert len(set(legends)) == len(legends)
        for legend in legends:
            assert {f"{{{{{label}}}}}" for label in metric.window_labels} <= {*legend.split()}


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
