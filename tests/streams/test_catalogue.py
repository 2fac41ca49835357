"""The catalogue: what ships is sound, and what a user writes wrong is told all at once."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from streams.catalogue import Catalogue, Metric
from streams.catalogue_file import SHIPPED, load
from streams.schema import ConfigurationError
from streams.windows import WINDOWS
from streams.wire import SEGMENT

CATALOGUE = load(SEGMENT)
METRIC = """
[metrics.{name}]
title = "Searches"
definition = "Times somebody searched."
formula = "count of Search"
kind = "count"
events = [{{ name = "Search" }}]
"""
NAMED_IN_THE_ISSUE = {
    "active_users", "page_views", "interactions", "conversions", "converting_users",
    "conversion_ratio", "conversions_per_interaction", "cancellations", "feature_uses", "shares",
    "mentions", "revenue", "csat", "stickiness_ratio", "lifecycle_users", "retention_ratio",
    "windowed_sessions", "session_duration_seconds", "sessions_per_user", "subscribers",
    "churn_ratio", "plan_churn_ratio", "unknown_cancellations", "nps_responses", "nps_score",
    "buyers", "revenue_per_buyer", "customer_lifetime_value", "customer_health_customers",
    "feature_users", "feature_adoption_ratio",
}  # fmt: skip
PER = ("_per_interaction", "_per_user", "_per_buyer")
ABBREVIATIONS = {"secs", "sec", "ms", "mins", "hrs", "pct", "avg", "num", "cnt", "qty", "amt"}


def fold_ids(catalogue: Catalogue) -> dict[str, str]:
    return {metric.name: catalogue.fold_id(metric) for metric in catalogue.folded()}


def load_with(text: str) -> Catalogue:
    return load(SEGMENT, {"mine.toml": text})


def test_the_shipped_catalogue_has_every_metric() -> None:
    assert set(CATALOGUE.metrics) == NAMED_IN_THE_ISSUE


@pytest.mark.parametrize("metric", CATALOGUE.metrics.values(), ids=lambda metric: metric.name)
def test_shipped_names_and_words_follow_the_rules(metric: Metric) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*[a-z0-9]", metric.name)
    assert not metric.name.endswith(("_total", "_count", "_sum", "_bucket", "_created", "_info"))
    assert not set(metric.name.split("_")) & ABBREVIATIONS
    assert metric.kind != "ratio" or metric.name.endswith(("_ratio", *PER))
    assert metric.definition.endswith(".")
    assert metric.title
    assert metric.formula
    assert set(metric.windows) <= set(WINDOWS)


def test_no_two_exported_families_have_the_same_name() -> None:
    metrics = CATALOGUE.metrics.values()
    names = [name for metric in metrics for name in metric.exported_names]
    assert len(names) == len(set(names))


def test_goals_are_active_though_they_stand_on_the_list_of_passive_events() -> None:
    assert "Subscription Started" not in CATALOGUE.inactive
    assert "Subscription Cancelled" in CATALOGUE.inactive
    assert CATALOGUE.labels["goal"].values == ("signup", "order", "subscription")


def test_a_metric_of_ones_own_leaves_the_others_alone() -> None:
    mine = fold_ids(load_with(METRIC.format(name="searches")))
    assert mine.pop("searches")
    assert mine == fold_ids(CATALOGUE)


def test_a_changed_metric_is_kept_under_a_new_name_and_the_others_under_theirs() -> None:
    mine, before = fold_ids(load_with(METRIC.format(name="shares"))), fold_ids(CATALOGUE)
    assert mine.pop("shares") != before.pop("shares")
    assert mine == before


def test_a_disabled_metric_is_gone_and_the_others_keep_their_names() -> None:
    catalogue, before = load_with("[metrics.shares]\nenabled = false\n"), fold_ids(CATALOGUE)
    del before["shares"]
    assert fold_ids(catalogue) == before
    assert "shares" not in catalogue.metrics


def test_words_and_windows_do_not_change_what_is_folded() -> None:
    words = METRIC.format(name="searches")
    other = words.replace("Searches", "Queries") + 'windows = ["1h"]\ndirection = "up"\n'
    assert fold_ids(load_with(words)) == fold_ids(load_with(other))


SCALE = """
[metrics.csat]
title = "t"
definition = "d"
formula = "f"
kind = "score"
events = [{ name = "CSAT Answered" }]
value = "score"
lowest = 1
highest = 5
"""


@pytest.mark.parametrize("more", ["", "good = [5]", "good = [3]\nbad = [1]", "minimum = 0"])
def test_what_is_good_and_how_many_answers_it_takes_do_not_change_what_is_folded(more: str) -> None:
    assert fold_ids(load_with(SCALE + more)) == fold_ids(CATALOGUE)


@pytest.mark.parametrize("change", ["lowest = 0", "highest = 6", 'value = "stars"'])
def test_another_scale_of_a_score_starts_it_anew(change: str) -> None:
    key = change.split(" ", maxsplit=1)[0]
    lines = [line for line in SCALE.splitlines() if not line.startswith(f"{key} =")]
    mine, before = fold_ids(load_with("\n".join([*lines, change]))), fold_ids(CATALOGUE)
    assert mine.pop("csat") != before.pop("csat")
    assert mine == before


def test_the_names_of_a_scores_gauges_are_those_of_the_contract() -> None:
    names = ("tidegauge_csat_ratio", "tidegauge_csat_average", "tidegauge_csat_responses")
    assert CATALOGUE.metrics["csat"].exported_names == names
    plain = load_with(SCALE).metrics["csat"]
    assert plain.parts == ("average", "responses")
    assert plain.minimum == 10
    net = load_with(SCALE + "good = [5, 4]\nbad = [2, 1]").metrics["csat"]
    assert net.parts == ("ratio", "average", "responses", "score")
    assert (net.good, net.bad) == ((4, 5), (1, 2))


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ('[labels.plan]\nproperty = "plan"\nvalues = ["a", "b"]', {"cancellations"}),
        ('[labels.page]\npath = "name"\nlimit = 7', {"page_views"}),
        ('[active]\nexclude = ["Order Cancelled"]', {"active_users"}),
        ('[goals]\nsale = "Order Completed"', {"active_users", "conversions", "converting_users"}),
    ],
)
def test_only_metrics_that_read_what_changed_start_anew(text: str, changed: set[str]) -> None:
    mine, before = fold_ids(load_with(text)), fold_ids(CATALOGUE)
    assert {name for name, fold_id in mine.items() if fold_id != before[name]} == changed


def test_a_list_of_goals_replaces_the_shipped_one() -> None:
    catalogue = load_with('[goals]\nsale = "Order Completed"')
    assert catalogue.labels["goal"].values == ("sale",)
    assert [s.goal for s in catalogue.metrics["conversions"].sources] == ["sale"]
    assert "Subscription Started" in catalogue.inactive


def test_properties_are_read_where_the_format_has_them() -> None:
    assert CATALOGUE.labels["channel"].paths == ("properties.channel", "properties.share_via")
    assert CATALOGUE.labels["page"].paths == ("name",)
    assert CATALOGUE.metrics["revenue"].value == "properties.revenue"


BROKEN = tomllib.loads(Path(__file__).with_name("broken_catalogues.toml").read_text("utf-8"))[
    "case"
]


def problems_of(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load_with(text)
    assert str(caught.value).splitlines()
    return [str(problem) for problem in caught.value.problems]


def cases() -> list[Any]:
    return [pytest.param(c["toml"], c["where"], c["says"], id=c["name"]) for c in BROKEN]


@pytest.mark.parametrize(("text", "where", "message"), cases())
def test_a_mistake_is_told_with_its_place_and_what_would_be_right(
    text: str, where: str, message: str
) -> None:
    problems = problems_of(text)
    assert any(where in problem and message in problem for problem in problems), problems


def test_all_mistakes_are_told_at_once() -> None:
    text = METRIC.format(name="X") + 'labels = ["colour"]\n[labels.y]\nlimit = 0\n[goals]\nz = 1\n'
    problems = problems_of(text)
    for place in ("metrics.X: the name", "no label 'colour'", "labels.y.limit", "goals.z"):
        assert any(place in problem for problem in problems), (place, problems)


def test_two_files_are_laid_on_top_of_each_other_and_each_is_blamed_for_its_own() -> None:
    files = {"a.toml": METRIC.format(name="x"), "b.toml": METRIC.format(name="y") + "limit = 1"}
    with pytest.raises(ConfigurationError, match=r"^b\.toml: metrics\.y: unknown key 'limit'"):
        load(SEGMENT, files)
    assert SHIPPED


def test_a_table_is_as_good_as_its_text() -> None:
    assert load(SEGMENT, {"mine.toml": {"goals": {"sale": "Order Completed"}}}) == load_with(
        '[goals]\nsale = "Order Completed"'
    )
