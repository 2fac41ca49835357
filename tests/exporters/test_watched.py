"""What a watcher says becomes gauges, one sample a series and window."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from exporters.watched import WatchCollector
from streams.past import Past
from streams.spikes.watcher import Watched, Watcher
from tests.streams.counted_business import FOLDING, NOW, business, lately

PAST = Past(FOLDING)
PAST.take(business(lately(30, {"cancellations": 4.0})))
WATCHED = list(Watcher(PAST).look(NOW))


@pytest.fixture(scope="module")
def registry() -> CollectorRegistry:
    found = CollectorRegistry()
    found.register(WatchCollector(WATCHED))
    return found


def labels_of(one: Watched) -> dict[str, str]:
    return {"metric": one.metric.name, "window": one.verdict.window} | dict(one.labels)


@pytest.mark.parametrize("number", ["seen", "expected", "lower", "upper", "score"])
def test_each_number_of_each_verdict_is_a_sample(registry: CollectorRegistry, number: str) -> None:
    for one in WATCHED:
        value = registry.get_sample_value(f"tidegauge_watched_{number}", labels_of(one))
        assert value == getattr(one.verdict, number)


def test_the_alarm_is_raised_for_the_spike_and_for_nothing_else(
    registry: CollectorRegistry,
) -> None:
    raised = {
        (one.metric.name, registry.get_sample_value("tidegauge_watched_alarm", labels_of(one)))
        for one in WATCHED
    }
    assert ("cancellations", 1.0) in raised
    assert {value for name, value in raised if name != "cancellations"} == {0.0}


def test_a_metric_that_is_watched_by_a_label_carries_it(registry: CollectorRegistry) -> None:
    labels = {"metric": "conversions", "goal": "order", "window": "1h"}
    assert registry.get_sample_value("tidegauge_watched_seen", labels) is not None


def test_without_anything_to_say_there_are_families_and_no_samples() -> None:
    families = list(WatchCollector(()).collect())
    assert [family for family in families if family.samples] == []
    assert {family.type for family in families} == {"gauge"}
