"""Rendering: byte for byte what prometheus_client makes of the same families."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from exporters.exposition import process_collectors, render

TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('\\"\n'), max_size=8)
VALUES = st.floats() | st.integers(-(10**20), 10**20)
LABELS = ("window", "a", "_b")
ACCEPTED = (
    "",
    "text/plain;version=0.0.4",
    "text/plain;version=1.0.0;q=0.3",
    "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;q=0.2",
    "application/openmetrics-text; version=0.0.1",
)


class Made(Collector):
    """Families that were made up."""

    def __init__(self, *families: Family) -> None:
        self._families = families

    def collect(self) -> Iterator[Family]:
        yield from self._families


def of_library(collectors: list[Collector], accept: str) -> tuple[bytes, str]:
    registry = CollectorRegistry(auto_describe=False)
    for collector in collectors:
        registry.register(collector)
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


@settings(deadline=None)
@given(
    accept=st.sampled_from(ACCEPTED),
    text=TEXTS,
    samples=st.lists(st.tuples(st.tuples(TEXTS, TEXTS, TEXTS), VALUES), max_size=3),
    bare=VALUES,
)
def test_families_are_written_as_the_library_writes_them(
    accept: str, text: str, samples: list[tuple[tuple[str, str, str], float]], bare: float
) -> None:
    gauge = GaugeMetricFamily("tidegauge_a", text, labels=LABELS)
    counter = CounterMetricFamily("tidegauge_b", text, labels=LABELS)
    for labels, value in samples:
        gauge.add_metric(labels, value)
        counter.add_metric(labels, value)
    made: list[Collector] = [Made(gauge, counter, GaugeMetricFamily("tidegauge_c", text, bare))]
    assert render(made, accept) == of_library(made, accept)


@pytest.mark.parametrize("escaping", ["allow-utf-8", "underscores", "dots", "values"])
def test_names_stay_as_they_are_however_others_are_to_be_escaped(escaping: str) -> None:
    made: list[Collector] = [Made(GaugeMetricFamily("tidegauge_up", "Up.", 1))]
    asked = f"application/openmetrics-text;version=1.0.0;escaping={escaping};q=0.6"
    body, content_type = render(made, asked)
    assert b"\ntidegauge_up 1.0\n" in body
    assert content_type.endswith("escaping=underscores")


def test_what_a_process_tells_of_itself_are_gauges_and_counters() -> None:
    types = {family.type for one in process_collectors() for family in one.collect()}
    assert types <= {"gauge", "counter"}
