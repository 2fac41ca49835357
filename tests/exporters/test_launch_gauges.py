"""The gauges of launches: when they were, what they are to change, and what they came to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.registry import CollectorRegistry

from exporters.exposition import render
from exporters.launches import LaunchCollector
from exporters.snapshot_store import Snapshot
from exporters.view import View
from streams.launches.effect import Effect
from streams.panes import DAY, SECOND
from tests.exporters.published_events import NOW, Worker, new_folding
from tests.streams.made_up import published

PREFIX = "tidegauge_launch_"


def mark(event: str = "Launch Started", name: str = "New pricing", **more: Any) -> dict[str, Any]:
    return {"type": "track", "event": event, "properties": {"name": name, **more}}


def collector(
    *events: dict[str, Any], later: int = 0, effects: Sequence[Effect] = ()
) -> LaunchCollector:
    """Of a view of two partitions; the launches are in the second."""
    folding = new_folding()
    first, second = (Worker(folding, number, now=NOW + later) for number in (0, 1))
    first.send({})
    second.send(*events)
    held = {
        worker.number: published(worker.partition, number=worker.number, caught_up_at=NOW + later)
        for worker in (first, second)
    }
    view = View.of(folding, Snapshot(partitions=held))
    return LaunchCollector(folding.catalogue, view.launches, {"New pricing": effects})


def value(found: LaunchCollector, name: str, **labels: str) -> float | None:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(found)
    return registry.get_sample_value(PREFIX + name, {"launch": "New pricing", **labels})


def test_a_launch_has_a_start_and_once_it_is_over_an_end() -> None:
    going_on, over = collector(mark()), collector(mark(), mark("Launch Ended", at=iso(1)))
    for found in (going_on, over):
        assert value(found, "start_timestamp_seconds") == NOW / SECOND
    assert value(going_on, "end_timestamp_seconds") is None
    assert value(over, "end_timestamp_seconds") == NOW / SECOND + 1


def iso(seconds: int) -> str:
    return f"2025-06-15T15:06:{40 + seconds}Z"


def test_what_it_is_to_change_and_what_not_is_told_with_the_labels_that_are_meant() -> None:
    found = collector(
        mark(
            metrics=["conversions", 'conversions{goal="order"}', "no_such_metric", "revenue"],
            guardrails=["cancellations", "conversions"],
        )
    )
    assert value(found, "info", metric="conversions", role="goal") == 1
    assert value(found, "info", metric="conversions", role="goal", goal="order") == 1
    assert value(found, "info", metric="cancellations", role="guardrail") == 1
    assert value(found, "info", metric="conversions", role="guardrail") == 1
    [info] = [family for family in found.collect() if family.name == f"{PREFIX}info"]
    assert len(info.samples) == 4


def test_what_it_came_to_stands_beside_what_was_expected() -> None:
    effect = Effect("conversions", (("goal", "order"),), "goal", 120, 100, 0.05, 0.36)
    found = collector(mark(), effects=[effect])
    labels = {"metric": "conversions", "goal": "order", "role": "goal"}
    shown = {
        name: value(found, name, **labels)
        for name in ("seen", "expected", "effect_lower_ratio", "effect_upper_ratio")
    }
    assert shown == {
        "seen": 120,
        "expected": 100,
        "effect_lower_ratio": 0.05,
        "effect_upper_ratio": 0.36,
    }
    assert value(found, "effect_ratio", **labels) == pytest.approx(0.2)


def test_what_ended_long_ago_is_told_no_more() -> None:
    over = (mark(), mark("Launch Ended", at=iso(1)))
    assert value(collector(*over, later=35 * DAY), "start_timestamp_seconds") is not None
    assert value(collector(*over, later=35 * DAY + SECOND), "start_timestamp_seconds") is None


def test_without_the_numbers_of_all_partitions_there_are_no_launches() -> None:
    assert View.of(new_folding(), Snapshot(problems=["no worker"])).launches == ()


def test_any_name_can_be_scraped_in_both_formats() -> None:
    names = ['say "yes\\n"', "Über\u2028alles", "{}", "x" * 300]
    found = collector(*[mark(name=name, metric="conversions") for name in names])
    for accept, parse in (("", parse_text), ("application/openmetrics-text", parse_open)):
        body, _ = render([found], accept)
        families = {family.name: family for family in parse(body.decode())}
        starts = families[f"{PREFIX}start_timestamp_seconds"].samples
        assert {one.labels["launch"] for one in starts} == {
            'say "yes\\n"',
            "Überalles",
            "{}",
            "x" * 100,
        }
